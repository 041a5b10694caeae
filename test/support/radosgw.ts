import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AwsClient } from "aws4fetch";
import { freePort } from "../../infra/local/free-port.ts";
import type { S3Config } from "../../src/adapters/s3/config.ts";
import type { SystemPackage } from "./skip-loudly.ts";

/** radosgw 16 has no store of its own (dbstore came with 17): it needs a cluster, one monitor and one OSD. */
export const RADOSGW_PACKAGES: readonly SystemPackage[] = ["radosgw", "ceph-mon", "ceph-osd"];

const BUCKET = "freshet-tests";
const USER = { accessKeyId: "radosgw-tests", secretAccessKey: "radosgw-tests-secret" } as const;
const PATIENCE_MS = 40_000;

export interface Radosgw {
  readonly config: S3Config;
  stop(): Promise<void>;
}

/** Ceph's object gateway on free loopback ports, its data in memory and gone with it. Ready in about 5 s. */
export async function startRadosgw(): Promise<Radosgw> {
  const dir = await mkdtemp(join(tmpdir(), "freshet-ceph-"));
  const daemons: ChildProcess[] = [];
  const stop = async () => {
    await Promise.all(daemons.reverse().map(end));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    return { config: await boot(dir, daemons), stop };
  } catch (error) {
    const log = await readFile(join(dir, "daemons.log"), "utf8").catch(() => "");
    await stop();
    throw new Error(`radosgw did not start; its log ends: ${log.slice(-2_000)}`, { cause: error });
  }
}

async function boot(dir: string, daemons: ChildProcess[]): Promise<S3Config> {
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const [cluster, osd] = [randomUUID(), randomUUID()];
  const conf = join(dir, "ceph.conf");
  await writeFile(conf, settings(dir, cluster, monitorPort, gatewayPort));
  await mkdir(join(dir, "mon"));
  await mkdir(join(dir, "osd"));
  const run = (program: string, ...args: string[]) =>
    promisify(execFile)(program, [...args, "-c", conf], { cwd: dir, timeout: PATIENCE_MS });
  const daemon = (program: string, ...args: string[]) => {
    daemons.push(spawn(program, [...args, "-f", "-c", conf], { cwd: dir, stdio: "ignore" }));
  };
  const monitor = `[v2:127.0.0.1:${monitorPort}]`;
  await run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", monitor, "monmap");
  await run("ceph-mon", "--mkfs", "-i", "a", "--monmap", "monmap");
  daemon("ceph-mon", "-i", "a");
  await run("ceph", "osd", "new", osd);
  await run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", osd);
  daemon("ceph-osd", "-i", "0");
  daemon("radosgw", "-n", "client.rgw.a");
  const endpoint = `http://127.0.0.1:${gatewayPort}`;
  await untilAnswering(endpoint);
  const keys = ["--access-key", USER.accessKeyId, "--secret", USER.secretAccessKey];
  const names = ["--uid", "tests", "--display-name", "tests"];
  await run("radosgw-admin", "-n", "client.rgw.a", "user", "create", ...names, ...keys);
  await createBucket(endpoint);
  return { endpoint, bucket: BUCKET, region: "us-east-1", ...USER, prefix: "" };
}

/** One monitor, one OSD in memory, no authentication inside, one placement group a pool. */
const settings = (dir: string, cluster: string, monitorPort: number, gatewayPort: number) => `
[global]
fsid = ${cluster}
mon host = v2:127.0.0.1:${monitorPort}
public addr = 127.0.0.1
ms bind msgr1 = false
auth cluster required = none
auth service required = none
auth client required = none
# Without authentication there is no key to encrypt with; the default asks for it.
ms mon client mode = crc
mon data = ${dir}/mon
mon data avail warn = 0
mon data avail crit = 0
mon allow pool size one = true
# A second for each of a dozen changes of the map is most of the time to start.
paxos propose interval = 0.01
paxos min wait = 0.01
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd erasure code plugins =
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw enable apis = s3
rgw run sync thread = false
rgw enable gc threads = false
rgw enable lc threads = false
rgw override bucket index max shards = 1
run dir = ${dir}
admin socket =
log file = ${dir}/daemons.log
`;

async function untilAnswering(url: string): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  while (Date.now() < endMs) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`no answer in ${PATIENCE_MS / 1000} s`);
}

async function createBucket(endpoint: string): Promise<void> {
  const aws = new AwsClient({ ...USER, service: "s3", region: "us-east-1", retries: 0 });
  const made = await aws.fetch(`${endpoint}/${BUCKET}`, { method: "PUT" });
  if (!made.ok) throw new Error(`creating the bucket: ${made.status} ${await made.text()}`);
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once("exit", () => done());
    child.kill("SIGKILL");
  });
}
