/* The shared worker: one hub, and so one connection, for all pages that one viewer has open in this browser.
 *
 * Its name says what for, as JSON: {viewer, url, transports}. Pages of another sign-in have another worker.
 */

import { Hub } from "./hub.js";
import { Ports } from "./ports.js";
import { transportsOf } from "./transports.js";
import { WORLD } from "./world.js";

const { viewer, url, transports } = JSON.parse(self.name);
const ports = new Ports(new Hub({ ...WORLD, url, viewer, rungs: transportsOf(transports) }), WORLD.clock);

self.addEventListener("connect", ({ ports: [port] }) => ports.connect(port));
