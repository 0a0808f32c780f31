// How asking the desk can fail.

/** No answer came: whether it was done is unknown, and the same key may be sent again. */
export class Lost extends Error {}

/** The desk said no. `code` is one of the contract's; `retryAfter` is in seconds. */
export class Refused extends Error {
  constructor({ code, message, fields, retry_after: retryAfter }) {
    super(message);
    Object.assign(this, { name: "Refused", code, fields, retryAfter });
  }
}

/** By name: what is imported on use brings a class of its own. */
export const isRefusal = (error) => error.name === "Refused";
