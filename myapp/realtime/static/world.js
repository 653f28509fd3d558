/* The world that a link lives in, where it is a browser's: its network, its clock and its chance. In a page and in a worker alike. */

export const WORLD = {
    fetch: (...request) => fetch(...request),
    clock: {
        now: () => Date.now(),  // wall time: it goes on while a laptop sleeps
        setTimeout: (act, ms) => setTimeout(act, ms),
        clearTimeout: (timer) => clearTimeout(timer),
    },
    random: () => Math.random(),
    openSocket: (address) => new WebSocket(new URL(address, location.href).href.replace(/^http/, "ws")),
};
