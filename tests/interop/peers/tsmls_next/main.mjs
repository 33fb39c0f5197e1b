// The harness of ts-mls 2: reads one call a line from stdin, answers each on stdout, in order.

import { createInterface } from "node:readline";
import process from "node:process";
import { invalid, told } from "./errors.mjs";
import { calls } from "./service.mjs";

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
