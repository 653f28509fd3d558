/* raw: the limit. It keeps accepted sockets in an array and sends to each in a bare loop; no server can spend less a delivery.
 *
 *     raw PORT
 *
 *     GET /events             a stream
 *     POST /pub?count=N       N events of 100 bytes to every stream, one send() a stream; the events of the benchmark, see content.py
 *
 * It is no server: one thread, blocking accept and recv, no permission, no log, no resume, no heartbeat; who is slow is cut.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_STREAMS 100000
#define MOST_EVENTS 1000        /* of one POST */
#define DATA_BYTES 100
#define FRAME_BYTES 160

static const char STREAM_HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
static const char DONE[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

static int streams[MOST_STREAMS], open_streams;
static long number;

static int write_event(char *frame)
{
    struct timespec t;
    char data[DATA_BYTES + 1], start[DATA_BYTES];
    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(start, sizeof start, "{\"t\":%ld,\"n\":%ld,\"pad\":\"", t.tv_sec * 1000000000 + t.tv_nsec, ++number);
    memset(data, 'x', DATA_BYTES);
    memcpy(data, start, strlen(start));
    strcpy(data + DATA_BYTES - 2, "\"}");
    return sprintf(frame, "id: %08x-%ld\nevent: tick\ndata: %s\n\n", 0x5f3a9c1eu, number, data);
}

static void publish(int count)
{
    static char slab[MOST_EVENTS * FRAME_BYTES];
    int bytes = 0, kept = 0;
    for (int i = 0; i < count && i < MOST_EVENTS; i++) bytes += write_event(slab + bytes);
    for (int i = 0; i < open_streams; i++) {
        if (send(streams[i], slab, bytes, MSG_DONTWAIT) == bytes) streams[kept++] = streams[i];
        else close(streams[i]);
    }
    open_streams = kept;
}

static void answer(int client)
{
    char request[4096];
    int count, yes = 1;
    ssize_t bytes = recv(client, request, sizeof request - 1, 0);
    request[bytes > 0 ? bytes : 0] = 0;
    if (sscanf(request, "POST /pub?count=%d", &count) == 1) {
        publish(count);
        send(client, DONE, sizeof DONE - 1, 0);
        close(client);
    } else if (!strncmp(request, "GET /events", 11) && open_streams < MOST_STREAMS) {
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        send(client, STREAM_HEAD, sizeof STREAM_HEAD - 1, 0);
        streams[open_streams++] = client;
    } else
        close(client);
}

int main(int count, char **options)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    here.sin_port = htons(count == 2 ? atoi(options[1]) : 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (!here.sin_port || bind(listener, (void *)&here, sizeof here) || listen(listener, 4096)) {
        perror("raw PORT: cannot listen there");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    for (;;) answer(accept(listener, NULL, NULL));
}
