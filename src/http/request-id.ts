/** A caller's own id is kept when it is short and printable ASCII, so that it can stand in a header and a log. */
const ACCEPTED = /^[\x21-\x7e]{1,128}$/;

/** The id of a request: `x-request-id` as it came, or a new one. */
export const requestIdOf = (given: string | null | undefined, newId: () => string): string =>
  given != null && ACCEPTED.test(given) ? given : newId();
