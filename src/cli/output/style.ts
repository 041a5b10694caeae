import stringWidth from "string-width";

/** Colours of a terminal; plain where there is none. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
}

const wrap =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`;

const COLOURED: Style = {
  bold: wrap(1, 22),
  dim: wrap(2, 22),
  good: wrap(32, 39),
  bad: wrap(31, 39),
  warn: wrap(33, 39),
};

const same = (text: string): string => text;
const PLAIN: Style = { bold: same, dim: same, good: same, bad: same, warn: same };

export const createStyle = (isColoured: boolean): Style => (isColoured ? COLOURED : PLAIN);

/** Columns that a text takes, its colours not counted: Chinese letters and emoji have two. */
export const widthOf = (text: string): number => stringWidth(text);

/**
 * Text from elsewhere, such as a description or a file's producer, made harmless for a
 * terminal: control characters could rewrite the screen.
 */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: to take them out
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
