/* A document for one test: what `querySelector` finds, and listeners that are called by hand. */

/** Put it in place until the test is over. found: {selector: [elements]}. Returns it; `fire(type, event)` calls its listeners. */
export function documentOf(t, found = {}) {
    const listeners = {};
    globalThis.document = {
        hidden: false,
        documentElement: { dataset: {}, attributes: new Set(), toggleAttribute(name, isSet) { this.attributes[isSet ? "add" : "delete"](name); } },
        querySelectorAll: (selector) => found[selector] ?? [],
        querySelector: (selector) => found[selector]?.[0] ?? null,
        addEventListener: (type, listener) => (listeners[type] ??= []).push(listener),
        fire: (type, event) => listeners[type].forEach((listener) => listener(event)),
    };
    t.after(() => { delete globalThis.document; });
    return globalThis.document;
}
