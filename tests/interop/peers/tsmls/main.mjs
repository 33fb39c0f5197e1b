// The harness of ts-mls: reads one call a line from stdin, answers one line each on stdout, in order.

import { createInterface } from "node:readline";
import process from "node:process";
import { invalid, told } from "./errors.mjs";
import { calls } from "./service.mjs";

// ts-mls validates several proposals at once and waits for the first failure only; the other
// rejected promises belong to a call that has been answered, and must not end the process.
process.on("unhandledRejection", (reason) => console.error("rejected beside the answer:", reason));

/**
 * @param {string} line
 * @returns {Promise<object>}
 */
async function answer(line) {
  try {
    const { call, request = {} } = JSON.parse(line);
    if (!Object.hasOwn(calls, call)) throw invalid(`no such call: ${call}`);
    return { response: (await calls[call](request)) ?? {} };
  } catch (error) {
    return { error: told(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
