/** How the API speaks of the member of a body that puts one outcome in the place of another. */
const REPLACING =
  /(?:: send| unless the request says) "?replace"?: true(?: to put yours in its place)?/;

/** Puts what a command's user can do in the place of what a caller of the API would send. */
export const inCommandWords = (detail: string, instead = ""): string =>
  detail.replace(REPLACING, instead);
