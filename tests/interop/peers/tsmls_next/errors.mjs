// The error of a call: a gRPC status name and what to tell the caller.

export class CallError extends Error {
  /**
   * @param {"UNIMPLEMENTED" | "INVALID_ARGUMENT" | "ABORTED"} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * What ts-mls does not offer.
 *
 * @param {string} message what exactly it lacks
 */
export const unimplemented = (message) => new CallError("UNIMPLEMENTED", message);

/**
 * A request that makes no sense.
 *
 * @param {string} message
 */
export const invalid = (message) => new CallError("INVALID_ARGUMENT", message);

/**
 * What became of anything thrown in a call: our own errors as they are, all others are a refusal
 * of the stack, told in its own words.
 *
 * @param {unknown} error
 * @returns {{ code: string, message: string }}
 */
export const told = (error) =>
  error instanceof CallError
    ? { code: error.code, message: error.message }
    : { code: "ABORTED", message: String(error) };
