/**
 * Load with many bodies, from a process of its own: autocannon's command line knows one alone.
 * Takes `{url, connections, seconds, rows}` as JSON and prints what autocannon has measured.
 */
import autocannon from "autocannon";

const { url, connections, seconds, rows } = JSON.parse(process.argv[2]);

const bodyOf = (data) =>
  JSON.stringify({ inputs: [{ name: "features", shape: [1, 4], datatype: "FP32", data }] });

const newBody = () => bodyOf(Array.from({ length: 4 }, () => 8 * Math.random()));

const request = { method: "POST", headers: { "content-type": "application/json" } };
const requests =
  rows === "new"
    ? [{ ...request, setupRequest: (each) => ({ ...each, body: newBody() }) }]
    : Array.from({ length: rows }, (_, row) => ({
        ...request,
        body: bodyOf([4.5 + row / 100, 3, 1.5, 0.2]),
      }));

const measured = await autocannon({ url, connections, duration: seconds, requests });
process.stdout.write(JSON.stringify(measured));
