/* A request for events, as every rung makes it: its address and headers, and what its refusal says. */

/** Return the address at `url` that asks for `topics` in the name of `viewer` (null: nobody's); more: further parameters. */
export function address(url, { topics, viewer, ...more }) {
    const query = Object.entries({ fragments: 1, ...more, ...(viewer && { viewer }) });
    const pairs = [...topics.map((topic) => ["topic", topic]), ...query];
    return `${url}?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}`;
}

/** Return what fetch() is to be told: what is accepted, from which cursor (null: from now), and an AbortSignal. */
export function options({ accept, cursor, signal }) {
    return { headers: { Accept: accept, ...(cursor && { "Last-Event-ID": cursor }) }, cache: "no-store", signal };
}

/** Read why `response` is not what was asked for: {why: "refused", status, topics, maxTopics, retryAfterMs}, the last two null when not said. */
export async function refusal(response, clock) {
    // Only a refusal has a body that is worth reading; what else comes may have no end.
    const problem = response.status >= 400 ? await response.json().catch(() => null) : null;
    const topics = Array.isArray(problem?.topics) ? problem.topics : [];
    const retryAfterMs = waitAsked(response.headers.get("Retry-After"), clock);
    const maxTopics = problem?.max_topics > 0 ? problem.max_topics : null;
    return { why: "refused", status: response.status, topics, maxTopics, retryAfterMs };
}

/* Retry-After is a number of seconds or a date (RFC 9110); null when there is none to honour. */
function waitAsked(value, clock) {
    const ms = /^\d+$/.test(value ?? "") ? value * 1000 : Date.parse(value) - clock.now();
    return ms > 0 ? ms : null;
}
