// The table of calls: each name of the interop service, and the function that answers it.

import * as about from "./calls/about.mjs";
import * as commits from "./calls/commits.mjs";
import * as external from "./calls/external.mjs";
import * as membership from "./calls/membership.mjs";
import * as messages from "./calls/messages.mjs";
import * as proposals from "./calls/proposals.mjs";
import * as state from "./calls/state.mjs";
import * as subgroups from "./calls/subgroups.mjs";

/** @type {Record<string, (request: any) => object | void | Promise<object | void>>} */
export const calls = {
  ...about,
  ...commits,
  ...external,
  ...membership,
  ...messages,
  ...proposals,
  ...state,
  ...subgroups,
};
