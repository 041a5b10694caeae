/** The cells of one record of CSV (RFC 4180), which may have line breaks between quotes. */
export function splitRecord(record: string): readonly string[] {
  // With a comma before each cell, an empty first one is found, too.
  return [...`,${record}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
  );
}
