/* The shared worker: one hub, and so one connection, for all pages that one viewer has open in this browser.
 *
 * Its name says what for, as JSON: {viewer, url, transports, room}. Pages of another sign-in have another worker, and so have those
 * whose topics are too many beside the others': that of the next room.
 */

import { Hub } from "./hub.js";
import { Ports } from "./ports.js";
import { transportsOf } from "./transports.js";
import { doubting } from "./viewers.js";
import { WORLD } from "./world.js";

const { viewer, url, transports } = JSON.parse(self.name);
const hub = new Hub({ ...WORLD, url, viewer, rungs: transportsOf(transports) });
const ports = new Ports(doubting(hub, { url, viewer }), WORLD.clock);

self.addEventListener("connect", ({ ports: [port] }) => ports.connect(port));
