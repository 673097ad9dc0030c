// The process in which eventsource-parser runs: the same as runner.py, for node.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The package is installed in a folder of its own, which is the first argument.
const found = createRequire(pathToFileURL(`${process.argv[2]}/`)).resolve("eventsource-parser");
const { createParser } = await import(pathToFileURL(found));

let file, chunks, count, digest;

function load(path) {
  const bytes = readFileSync(path);
  const end = bytes.indexOf(10);
  const head = JSON.parse(bytes.toString("utf8", 0, end));
  let start = end + 1;
  chunks = head.chunks.map((size) => bytes.subarray(start, (start += size)));
  [file, count, digest] = [path, head.payloads.length, head.digest];
}

function read(onEvent) {
  const decoder = new TextDecoder();
  const parser = createParser({ onEvent });
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
}

const stages = {
  frame: () => read(() => {}),
  decode: () => read(({ data }) => { if (data !== "[DONE]") JSON.parse(data); }),
};

function verify() {
  const hash = createHash("sha256");
  let seen = 0;
  read(({ data }) => {
    seen += 1;
    hash.update(data).update("\0");
  });
  if (seen !== count) return `${seen} frames, not ${count}`;
  return hash.digest("hex") === digest ? null : "other data";
}

function timed(stage) {
  const before = process.cpuUsage();
  stages[stage]();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function cpuTime(stage, seconds) {
  globalThis.gc?.();
  const first = timed(stage);
  if (first >= seconds) return first;
  let [runs, spent] = [0, 0];
  for (; spent < seconds; runs += 1) spent += timed(stage);
  return spent / runs;
}

console.log("{}");
for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line);
  if (task.file !== file) load(task.file);
  let reply;
  try {
    reply = task.stage ? { seconds: cpuTime(task.stage, task.seconds) } : { wrong: verify() };
  } catch (error) {
    reply = { wrong: `throws ${error.name}` };
  }
  console.log(JSON.stringify(reply));
}
