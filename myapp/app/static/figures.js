/* Figures: what each process last told of itself (`stats`, once a second), and all of them together, second by second.
 *
 * A process that says nothing for 5 s counts no more. What was heard is placed by when it was said: after a pause it comes all at once.
 */

const SILENT_MS = 5000;
const KEPT_S = 3600;
const RATES = { events: ({ log }) => seqOf(log.head), polls: ({ polls }) => polls, received: ({ broker }) => broker.received };

export class Figures {
    #processes = new Map();  // id -> {stats, time, offset, rates}
    #seconds = new Map();    // second -> what all together did then, oldest first

    /** A process tells `stats`, which is heard at `now`, ms. */
    take(stats, now) {
        const id = stats.process.id, before = this.#processes.get(id), at = Date.parse(stats.at);
        const offset = before?.offset ?? now - at;  // clocks of machines differ
        const time = at + offset;
        this.#processes.set(id, { stats, time, offset, rates: before ? ratesOf(before, { stats, time }) : {} });
        const second = Math.floor(time / 1000);
        this.#seconds.set(second, this.together(time));
        for (const old of this.#seconds.keys()) {
            if (old >= second - KEPT_S) break;
            this.#seconds.delete(old);
        }
    }

    /** What those processes told last that were heard within 5 s before `time`, by host and pid. */
    processes(time) {
        const told = this.#heard(time).map(({ stats }) => stats);
        return told.sort((a, b) => a.process.host.localeCompare(b.process.host) || a.process.pid - b.process.pid);
    }

    /** The figures of all of them together, null when there are none: sums, where they are of one log the furthest, of delays the worst. */
    together(time) {
        const heard = this.#heard(time);
        return heard.length === 0 ? null : add(heard.map(({ stats }) => stats), heard.map(({ rates }) => rates));
    }

    /** [[second, figures]] of the last `seconds` up to `time`; a second of which nothing is known is not there. */
    history(time, seconds) {
        const since = Math.floor(time / 1000) - seconds;
        return [...this.#seconds].filter(([second, figures]) => second > since && figures !== null);
    }

    #heard(time) {
        return [...this.#processes.values()].filter((each) => each.time > time - SILENT_MS);
    }
}

function ratesOf(before, { stats, time }) {
    const seconds = (time - before.time) / 1000;
    // A gap has no rate, and a count that goes back began anew.
    if (seconds <= 0 || seconds > SILENT_MS / 1000) return {};
    const rate = (count) => Math.max(0, (count(stats) - count(before.stats)) / seconds);
    return Object.fromEntries(Object.entries(RATES).map(([name, count]) => [name, rate(count)]));
}

function add(all, rates) {
    const sum = (figure) => all.reduce((total, each) => total + (figure(each) ?? 0), 0);
    const most = (figure, of = all) => of.map(figure).reduce((one, other) => Math.max(one, other ?? 0), 0);
    const states = ["up", "down", "unknown"].map((state) => [state, all.filter(({ broker }) => broker.state === state).length])
        .filter(([, count]) => count > 0);
    const delayed = all.filter(({ delays }) => delays.count > 0), delays = sum(({ delays }) => delays.count);
    return {
        processes: all.length, threads: sum(({ process }) => process.threads), memory: sum(({ process }) => process.memory_bytes),
        streams: sum(({ streams }) => streams), sse: sum(({ transports }) => transports.sse),
        websocket: sum(({ transports }) => transports.websocket), waiting: sum(({ transports }) => transports.poll),
        polls: rates.reduce((total, each) => total + (each.polls ?? 0), 0), events: most(({ events }) => events, rates),
        received: rates.reduce((total, each) => total + (each.received ?? 0), 0),
        p50: delays ? delayed.reduce((total, each) => total + each.delays.p50_ms * each.delays.count, 0) / delays : null,
        p99: delays ? most((each) => each.delays.p99_ms, delayed) : null,
        behind: most(({ hub }) => hub.behind), holes: sum(({ hub }) => hub.holes),
        dropped: sum(({ broker }) => broker.dropped), unreadable: sum(({ broker }) => broker.unreadable),
        broker: states.map(([state, count]) => (count === all.length ? state : `${count} ${state}`)).join(", "),
        head: most(({ log }) => seqOf(log.head)), floor: most(({ log }) => log.floor), kept: most(({ log }) => log.events),
        topics: all.reduce((totals, { topics }) => addTo(totals, topics), {}),
    };
}

function addTo(totals, counts) {
    for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count;
    return totals;
}

function seqOf(cursor) {
    return Number(cursor.slice(cursor.lastIndexOf("-") + 1));
}
