/* load: holds thousands of SSE streams open in one thread, and tells what came over them, when, and what did not.
 *
 *     load --port 8100 --streams 10000 --path '/events?topic=private:{i}' --header 'Cookie: session={i}'
 *
 * {i} in the path and in headers is the number of the stream, from 0; {0i} has five digits. An event counts when its data has "t", the sender's
 * CLOCK_MONOTONIC in ns, and "n", its number in its topic; latency is the time from "t" until the bytes have been read here.
 * On each stream "n" must rise by one. All else (heartbeats, comments) is ignored.
 *
 * It connects at once and prints a line of JSON when every stream is open or refused. Then it obeys lines on stdin:
 *
 *     reset           begin a new window: forget latencies and counts, but not the last number of each stream
 *     report K MS     once K events have come in this window, or MS milliseconds have passed: a line of JSON, see report()
 *     quit            as does the end of stdin
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SOURCES 8               /* loopback addresses to connect from: one alone has some 28,000 ports */
#define CONNECTS_IN_FLIGHT 128  /* below every server's backlog, so that no SYN waits a second to be sent again */
#define STALLED_NS 20000000000  /* without any progress for that long, streams that are still connecting count as refused */
#define MAX_HEAD 16384
#define READ_BYTES (256 * 1024)
#define STDIN_ID UINT32_MAX

typedef enum { UNUSED, CONNECTING, READING_HEAD, OPEN, GONE } State;
typedef enum { SIZE, EXTENSION, BODY, BODY_END } Chunk;

typedef struct {
    int fd;
    State state;
    bool is_chunked;
    Chunk chunk;
    uint64_t chunk_left;
    char *partial;              /* a head or a line of which not all has come, malloc'ed only while there is one */
    size_t partial_bytes;
    uint64_t began_ns;          /* of its connect() */
    int64_t stamp, number;      /* "t" and "n" of the event that is being read; -1: it has none */
    int64_t first, last;        /* numbers of the first and the last event ever; -1: none yet */
} Stream;

typedef struct { uint64_t count, bucket[57 * 256 + 512]; } Histogram;  /* of ns; a bucket is 0.4 % wide */

static struct { int port, count; const char *path, *headers[8]; int header_count; } wanted = { .path = "/events" };
static Stream *streams;
static int poller, begun, opened, refused, closed;
static char first_error[160];
static uint64_t start_ns, last_open_ns, progress_ns;
static Histogram connect_times;

/* The window: since the last `reset`. */
static uint64_t events, lost, doubled, disordered, first_stamp_ns, last_event_ns;
static double cpu_at_reset_s;
static Histogram latencies;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

/* Histograms */

static void histogram_add(Histogram *h, uint64_t ns)
{
    int shift = 63 - __builtin_clzll(ns | 1) - 8;
    if (shift < 0) shift = 0;
    h->bucket[shift * 256 + (ns >> shift)]++;
    h->count++;
}

static double histogram_ms(const Histogram *h, double quantile)
{
    uint64_t rank = quantile * h->count, seen = 0;
    for (int i = 0; i < 57 * 256 + 512; i++) {
        seen += h->bucket[i];
        if (seen > rank) {
            int shift = i < 512 ? 0 : i / 256 - 1;
            return ((uint64_t)(i - shift * 256) << shift) / 1e6;
        }
    }
    return 0;
}

/* Events */

static void take_event(Stream *s, uint64_t read_ns)
{
    if (s->last < 0) s->first = s->number;
    else if (s->number > s->last + 1) lost += s->number - s->last - 1;
    else if (s->number == s->last) doubled++;
    else if (s->number < s->last) disordered++;
    if (s->number > s->last) s->last = s->number;
    events++;
    histogram_add(&latencies, read_ns > (uint64_t)s->stamp ? read_ns - s->stamp : 0);
    if (!first_stamp_ns || (uint64_t)s->stamp < first_stamp_ns) first_stamp_ns = s->stamp;
    last_event_ns = read_ns;
}

/* The whole number behind `name` in a line, -1 when it is not there. */
static int64_t member(const char *line, size_t bytes, const char *name)
{
    const char *found = memmem(line, bytes, name, strlen(name)), *end = line + bytes;
    if (!found) return -1;
    int64_t value = -1;
    for (const char *c = found + strlen(name); c < end && (*c == ' ' || (*c >= '0' && *c <= '9')); c++)
        if (*c != ' ') value = (value < 0 ? 0 : value * 10) + (*c - '0');
    return value;
}

static void take_line(Stream *s, const char *line, size_t bytes, uint64_t read_ns)
{
    if (bytes && line[bytes - 1] == '\r') bytes--;
    if (bytes > 5 && !memcmp(line, "data:", 5)) {
        s->stamp = member(line, bytes, "\"t\":");
        s->number = member(line, bytes, "\"n\":");
    } else if (!bytes) {
        if (s->stamp >= 0 && s->number >= 0) take_event(s, read_ns);
        s->stamp = s->number = -1;
    }
}

static void keep_partial(Stream *s, const char *bytes, size_t count)
{
    s->partial = realloc(s->partial, s->partial_bytes + count + 1);
    memcpy(s->partial + s->partial_bytes, bytes, count);
    s->partial_bytes += count;
    s->partial[s->partial_bytes] = 0;
}

static void drop_partial(Stream *s)
{
    free(s->partial);
    s->partial = NULL;
    s->partial_bytes = 0;
}

static void take_text(Stream *s, const char *text, size_t bytes, uint64_t read_ns)
{
    const char *end = text + bytes, *newline;
    for (; (newline = memchr(text, '\n', end - text)); text = newline + 1) {
        if (s->partial) {
            keep_partial(s, text, newline - text);
            take_line(s, s->partial, s->partial_bytes, read_ns);
            drop_partial(s);
        } else
            take_line(s, text, newline - text, read_ns);
    }
    if (text < end) keep_partial(s, text, end - text);
}

/* HTTP */

static void leave(Stream *s, const char *reason)
{
    close(s->fd);
    if (!first_error[0]) snprintf(first_error, sizeof first_error, "%.150s", reason);
    for (char *c = first_error; *c; c++) if (*c == '"' || *c == '\\' || *c < ' ') *c = '\'';
    s->state == OPEN ? closed++ : refused++;
    s->state = GONE;
    drop_partial(s);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static void take_chunks(Stream *s, const char *bytes, size_t count, uint64_t read_ns)
{
    for (const char *c = bytes, *end = bytes + count; c < end;) {
        if (s->chunk == BODY) {
            size_t part = (uint64_t)(end - c) < s->chunk_left ? (size_t)(end - c) : s->chunk_left;
            take_text(s, c, part, read_ns);
            c += part;
            if (!(s->chunk_left -= part)) s->chunk = BODY_END;
        } else if (*c++ == '\n') {                      /* of a size line, or of what ends a chunk's body */
            if (s->chunk != BODY_END && !s->chunk_left) { leave(s, "the server ended the stream"); return; }
            s->chunk = s->chunk == BODY_END ? SIZE : BODY;
        } else if (s->chunk == SIZE) {
            if (hex_digit(c[-1]) < 0) s->chunk = EXTENSION;
            else s->chunk_left = s->chunk_left * 16 + hex_digit(c[-1]);
        }
    }
}

static void take_body(Stream *s, const char *bytes, size_t count, uint64_t read_ns)
{
    if (s->is_chunked) take_chunks(s, bytes, count, read_ns);
    else take_text(s, bytes, count, read_ns);
}

static void take_head(Stream *s, const char *bytes, size_t count, uint64_t read_ns)
{
    keep_partial(s, bytes, count);
    char *end = strstr(s->partial, "\r\n\r\n");
    if (!end && s->partial_bytes > MAX_HEAD) leave(s, "the head of the answer is too long");
    if (!end) return;
    *end = 0;
    if (strncmp(s->partial, "HTTP/1.", 7) || strncmp(s->partial + 8, " 200", 4)) {
        s->partial[strcspn(s->partial, "\r\n")] = 0;
        leave(s, s->partial);
        return;
    }
    s->is_chunked = strcasestr(s->partial, "\r\ntransfer-encoding: chunked") != NULL;
    s->state = OPEN;
    opened++;
    last_open_ns = progress_ns = read_ns;
    histogram_add(&connect_times, read_ns - s->began_ns);
    char *head = s->partial;
    size_t rest = s->partial_bytes - (end + 4 - head);
    s->partial = NULL;
    s->partial_bytes = 0;
    take_body(s, end + 4, rest, read_ns);
    free(head);
}

static void read_stream(Stream *s)
{
    static char buffer[READ_BYTES];
    ssize_t count = recv(s->fd, buffer, sizeof buffer, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        leave(s, count ? strerror(errno) : s->state == OPEN ? "the server closed the stream" : "the server closed before it answered");
        return;
    }
    uint64_t read_ns = now_ns();
    if (s->state == OPEN) take_body(s, buffer, count, read_ns);
    else take_head(s, buffer, count, read_ns);
}

/* Connecting */

static void watch(int fd, uint32_t id, int operation, uint32_t what)
{
    struct epoll_event event = { .events = what, .data.u32 = id };
    epoll_ctl(poller, operation, fd, &event);
}

static void begin_connect(int id)
{
    Stream *s = &streams[id];
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + id % SOURCES) };
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(wanted.port) };
    int yes = 1;
    *s = (Stream){ .state = CONNECTING, .began_ns = now_ns(), .stamp = -1, .number = -1, .first = -1, .last = -1 };
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);   /* else a source has one port for all servers */
    if (s->fd < 0 || bind(s->fd, (void *)&from, sizeof from) || (connect(s->fd, (void *)&to, sizeof to) && errno != EINPROGRESS))
        leave(s, strerror(errno));
    else
        watch(s->fd, id, EPOLL_CTL_ADD, EPOLLOUT);
}

/* Append `template` to `text` with each {i}, or {0i} of five digits, replaced by the stream's number. */
static void append(char *text, size_t size, const char *template, int id)
{
    for (const char *mark; (mark = strchr(template, '{')); template = strchr(mark, '}') + 1)
        snprintf(text + strlen(text), size - strlen(text), mark[1] == '0' ? "%.*s%05d" : "%.*s%d", (int)(mark - template), template, id);
    snprintf(text + strlen(text), size - strlen(text), "%s", template);
}

static void send_request(int id)
{
    Stream *s = &streams[id];
    int error = 0;
    socklen_t bytes = sizeof error;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
    if (error) { leave(s, strerror(error)); return; }
    char request[4096] = "GET ";
    append(request, sizeof request, wanted.path, id);
    append(request, sizeof request, " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n", id);
    for (int i = 0; i < wanted.header_count; i++) {
        append(request, sizeof request, wanted.headers[i], id);
        append(request, sizeof request, "\r\n", id);
    }
    append(request, sizeof request, "\r\n", id);
    if (send(s->fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request)) { leave(s, "cannot send the request"); return; }
    s->state = READING_HEAD;
    watch(s->fd, id, EPOLL_CTL_MOD, EPOLLIN);
}

static void give_up_connecting(void)
{
    for (int i = 0; i < begun; i++)
        if (streams[i].state == CONNECTING || streams[i].state == READING_HEAD) leave(&streams[i], "no answer");
}

/* Commands */

static void reset(void)
{
    events = lost = doubled = disordered = first_stamp_ns = last_event_ns = 0;
    cpu_at_reset_s = cpu_s();
    memset(&latencies, 0, sizeof latencies);
}

static double seconds(uint64_t from_ns, uint64_t to_ns) { return from_ns && to_ns > from_ns ? (to_ns - from_ns) / 1e9 : 0; }

static void report(void)
{
    int64_t first_least = -1, first_most = -1;
    for (int i = 0; i < begun; i++) {
        int64_t first = streams[i].first;
        if (first >= 0 && (first_least < 0 || first < first_least)) first_least = first;
        if (first > first_most) first_most = first;
    }
    printf("{\"streams\": %d, \"open\": %d, \"refused\": %d, \"closed\": %d, \"first_error\": \"%s\", ",
           wanted.count, opened - closed, refused, closed, first_error);
    printf("\"connect_s\": %.4f, \"connect_p50_ms\": %.3f, \"connect_p99_ms\": %.3f, ",
           seconds(start_ns, last_open_ns), histogram_ms(&connect_times, 0.5), histogram_ms(&connect_times, 0.99));
    printf("\"events\": %lu, \"lost\": %lu, \"doubled\": %lu, \"disordered\": %lu, \"first_least\": %ld, \"first_most\": %ld, ",
           events, lost, doubled, disordered, first_least, first_most);
    printf("\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"stamp_to_last_s\": %.4f, \"connect_to_last_s\": %.4f, \"client_cpu_s\": %.3f}\n",
           histogram_ms(&latencies, 0.5), histogram_ms(&latencies, 0.99), seconds(first_stamp_ns, last_event_ns),
           seconds(start_ns, last_event_ns), cpu_s() - cpu_at_reset_s);
    fflush(stdout);
}

static uint64_t awaited_events, deadline_ns;    /* of the report that was asked for; deadline 0: none was */

/* Obey what has come on stdin. Returns false when it is time to go. */
static bool obey(void)
{
    static char text[4096];
    static size_t bytes;
    ssize_t count = read(0, text + bytes, sizeof text - 1 - bytes);
    if (count <= 0) return false;
    bytes += count;
    text[bytes] = 0;
    for (char *newline; (newline = strchr(text, '\n')); memmove(text, newline + 1, (bytes -= newline + 1 - text) + 1)) {
        unsigned long most_ms;
        *newline = 0;
        if (!strcmp(text, "quit")) return false;
        if (!strcmp(text, "reset")) reset();
        else if (sscanf(text, "report %lu %lu", &awaited_events, &most_ms) == 2) deadline_ns = now_ns() + most_ms * 1000000;
    }
    return true;
}

static void report_when_due(void)
{
    if (deadline_ns && (events >= awaited_events || now_ns() >= deadline_ns)) {
        deadline_ns = 0;
        report();
    }
}

/* Returns false when it is time to go. `timeout_ms` as of epoll_wait. */
static bool turn(int timeout_ms)
{
    struct epoll_event ready[1024];
    int count = epoll_wait(poller, ready, 1024, timeout_ms);
    for (int i = 0; i < count; i++) {
        uint32_t id = ready[i].data.u32;
        if (id == STDIN_ID) {
            if (!obey()) return false;
        } else if (streams[id].state == CONNECTING)
            send_request(id);
        else if (streams[id].state != GONE)
            read_stream(&streams[id]);
    }
    return true;
}

static bool connect_all(void)
{
    start_ns = progress_ns = now_ns();
    while (opened + refused < wanted.count) {
        while (begun < wanted.count && begun - opened - refused < CONNECTS_IN_FLIGHT) begin_connect(begun++);
        if (!turn(100)) return false;
        if (now_ns() - progress_ns > STALLED_NS) {
            give_up_connecting();
            refused += wanted.count - begun;
            break;
        }
    }
    return true;
}

static void read_options(int count, char **options)
{
    static const struct option known[] = {
        { "port", 1, 0, 'p' }, { "streams", 1, 0, 'n' }, { "path", 1, 0, 'a' }, { "header", 1, 0, 'h' }, { 0 } };
    for (int option; (option = getopt_long(count, options, "", known, NULL)) != -1;)
        switch (option) {
        case 'p': wanted.port = atoi(optarg); break;
        case 'n': wanted.count = atoi(optarg); break;
        case 'a': wanted.path = optarg; break;
        case 'h': if (wanted.header_count < 8) wanted.headers[wanted.header_count++] = optarg; break;
        default: exit(2);
        }
    if (wanted.port <= 0 || wanted.count <= 0) {
        fprintf(stderr, "load: give --port P and --streams N, both above 0; --path and --header are free\n");
        exit(2);
    }
}

int main(int count, char **options)
{
    read_options(count, options);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    streams = calloc(wanted.count, sizeof *streams);
    poller = epoll_create1(EPOLL_CLOEXEC);
    watch(0, STDIN_ID, EPOLL_CTL_ADD, EPOLLIN);
    reset();
    if (!connect_all()) return 0;
    report();
    while (turn(deadline_ns ? 10 : -1)) report_when_due();
    return 0;
}
