/** Flowers without end, as lines of JSON, the same for the same place. */
export function flowerLine(index: number): string {
  const step = (salt: number) => ((index * salt) % 97) / 20;
  const row = {
    "sepal length (cm)": 4 + step(7),
    "sepal width (cm)": 2 + step(3),
    "petal length (cm)": 1 + step(11),
    "petal width (cm)": step(5),
  };
  return JSON.stringify(row);
}

const LINES_A_CHUNK = 500;

/** A body of `rows` lines that is made while it is sent; `at` may change a line. */
export function lineStream(
  rows: number,
  at: (index: number) => string = flowerLine,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let index = 0;
  return new ReadableStream(
    {
      pull(controller) {
        const lines: string[] = [];
        while (index < rows && lines.length < LINES_A_CHUNK) {
          lines.push(`${at(index)}\n`);
          index += 1;
        }
        if (lines.length === 0) controller.close();
        else controller.enqueue(encoder.encode(lines.join("")));
      },
    },
    { highWaterMark: 0 },
  );
}
