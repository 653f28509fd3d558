/* The parser, by the HTML standard: whatever the chunks and the line ends, the messages are the same. */

import assert from "node:assert/strict";
import test from "node:test";

import { Parser } from "../../myapp/realtime/static/parser.js";

function parse(...chunks) {
    const parser = new Parser();
    return chunks.flatMap((chunk) => parser.push(chunk));
}

const LINES = ["retry: 1500", ": a comment", "id: 5f-7", "event: user_created", 'data: {"a": 1,', 'data:"b": "é:ü🙂"}', "",
    "id: 5f-8", "event: heartbeat", "data: {}", "", ""];
const MESSAGES = [
    { retry: 1500 },
    { type: "user_created", data: '{"a": 1,\n"b": "é:ü🙂"}', id: "5f-7" },
    { type: "heartbeat", data: "{}", id: "5f-8" },
];

for (const [name, end] of [["LF", "\n"], ["CR LF", "\r\n"], ["CR", "\r"]]) {
    test(`a stream with ${name} is read the same, split at every byte`, () => {
        const bytes = new TextEncoder().encode(LINES.join(end));
        for (let split = 0; split <= bytes.length; split += 1) {
            const decoder = new TextDecoder();
            const chunks = [bytes.slice(0, split), bytes.slice(split)].map((part) => decoder.decode(part, { stream: true }));
            assert.deepEqual(parse(...chunks), MESSAGES, `split at byte ${split}`);
        }
    });

    test(`a stream with ${name} is read the same, byte by byte`, () => {
        const decoder = new TextDecoder();
        const chunks = [...new TextEncoder().encode(LINES.join(end))].map((byte) => decoder.decode(Uint8Array.of(byte), { stream: true }));
        assert.deepEqual(parse(...chunks), MESSAGES);
    });
}

test("a block that ends in CR is dispatched at once, not with the next byte", () => {
    assert.equal(parse("data: x\r\r").length, 1);
});

test("an LF after a CR and an empty chunk still belongs to it", () => {
    assert.deepEqual(parse("data: x\r", "", "\ndata: y\r\n\r\n").map(({ data }) => data), ["x\ny"]);
});

test("a block that is not finished says nothing", () => {
    assert.deepEqual(parse("id: 5f-1\ndata: half"), []);
    assert.deepEqual(parse("id: 5f-1\ndata: half\n"), []);
});

test("an id holds for its own message, and stays the last event ID", () => {
    const parser = new Parser();
    const [first, second] = parser.push("id: 5f-1\ndata: a\n\ndata: transient\n\n");
    assert.equal(first.id, "5f-1");
    assert.equal(second.id, undefined);
    assert.equal(parser.lastEventId, "5f-1");
});

test("a block without data is no message, but its id counts, and its type does not reach the next one", () => {
    const parser = new Parser();
    assert.deepEqual(parser.push("id: 5f-9\nevent: odd\n\ndata: x\n\n"), [{ type: "message", data: "x", id: undefined }]);
    assert.equal(parser.lastEventId, "5f-9");
});

test("one space after the colon is dropped, and only one", () => {
    assert.deepEqual(parse("data:  x\n\n", "data:y\n\n").map(({ data }) => data), [" x", "y"]);
});

test("a field without a colon has an empty value", () => {
    assert.deepEqual(parse("data\n\n", "data\ndata\n\n").map(({ data }) => data), ["", "\n"]);
});

test("fields that the standard does not know, an id with NUL and a retry that is no number are ignored", () => {
    assert.deepEqual(parse("Data: x\nfoo: y\nid: a\0b\nretry: 1.5\nretry: -1\nretry:\ndata: z\n\n"),
        [{ type: "message", data: "z", id: undefined }]);
});
