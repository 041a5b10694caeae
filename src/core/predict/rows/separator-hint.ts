/** As the end of a message about CSV: whether its header looks as if it were separated by something else. */
export function separatorHint(header: string): string {
  const found = header.includes(";") ? "semicolons" : header.includes("\t") ? "tabs" : undefined;
  return found === undefined
    ? ""
    : `; the header line has ${found}: columns are separated by commas, decimals by a point`;
}
