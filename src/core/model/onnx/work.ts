import type { GraphOutline, NodeOutline } from "./graph-outline.ts";
import { functionKey, type ModelOutline } from "./read-model.ts";
import { invalid, quote, unsupported } from "./refusal.ts";

/**
 * Nodes that one run may execute, loops counted through. The engine is synchronous: no
 * timer stops a run, and a request's CPU limit ends the isolate with everything in it. A
 * small node takes about 1 µs in a loop (measured, onnxruntime-web 1.30), so this is a second or two.
 */
const MAX_EXECUTIONS = 1_000_000;

/** Nodes after functions are written out, which the engine does when it loads. */
const MAX_NODES = 100_000;

/** Calls of functions inside functions; the standard forbids a function that reaches itself. */
const MAX_CALL_DEPTH = 32;

interface Work {
  readonly nodes: number;
  readonly executions: number;
}

/**
 * Refuses a model whose run has no known end. A Loop must take its trip count from a
 * constant: a count from an input lets any caller hold the isolate for ever, and a
 * condition alone says nothing of when it turns false. Scan and SequenceMap end with their
 * input and count once; their bodies are held to the same rule. Counts of loops inside
 * loops, and of functions called from loops, multiply.
 * @throws Refusal
 */
export function checkWork(model: ModelOutline): void {
  const { nodes, executions } = workOf(model.graph, {
    model,
    scopes: [],
    callDepth: 0,
    known: new Map(),
  });
  if (nodes > MAX_NODES) {
    throw unsupported(
      `the graph has ${nodes} nodes once its functions are written out; at most ${MAX_NODES} are taken`,
    );
  }
  if (executions > MAX_EXECUTIONS) {
    throw unsupported(
      `its loops make one run execute ${executions} nodes; at most ${MAX_EXECUTIONS} are taken, since a run cannot be stopped`,
    );
  }
}

interface Surroundings {
  readonly model: ModelOutline;
  /** Graphs around this one, innermost first: a body sees their values. */
  readonly scopes: readonly GraphOutline[];
  readonly callDepth: number;
  /** Work of functions that are done. */
  readonly known: Map<string, Work>;
}

function workOf(graph: GraphOutline, around: Surroundings): Work {
  const inside = { ...around, scopes: [graph, ...around.scopes] };
  let nodes = 0;
  let executions = 0;
  for (const node of graph.nodes) {
    const work = workOfNode(node, inside);
    nodes += work.nodes;
    executions += work.executions;
  }
  return { nodes, executions };
}

function workOfNode(node: NodeOutline, inside: Surroundings): Work {
  let nodes = 1;
  let executions = 1;
  checkBody(node);
  const trips = isLoop(node) ? tripCount(node, inside.scopes) : 1;
  for (const subgraph of node.subgraphs) {
    const work = workOf(subgraph, inside);
    nodes += work.nodes;
    // A loop over nothing still turns.
    if (trips > 0) executions += trips * Math.max(work.executions, 1);
  }
  const called = workOfCall(node, inside);
  return { nodes: nodes + called.nodes, executions: executions + called.executions };
}

function workOfCall(node: NodeOutline, inside: Surroundings): Work {
  const { functions } = inside.model;
  if (functions.size === 0) return NO_WORK;
  const key = functionKey(node);
  const body = functions.get(key);
  if (body === undefined) return NO_WORK;
  const known = inside.known.get(key);
  if (known !== undefined) return known;
  const callDepth = inside.callDepth + 1;
  if (callDepth > MAX_CALL_DEPTH) {
    throw invalid(`function ${quote(node.operator)} calls itself, or calls go too deep`);
  }
  const work = workOf(body, { ...inside, scopes: [], callDepth });
  inside.known.set(key, work);
  return work;
}

const NO_WORK: Work = { nodes: 0, executions: 0 };

/** ONNX's own operators that run a graph in one of their attributes. */
const RUNS_GRAPH: ReadonlySet<string> = new Set(["If", "Loop", "Scan", "SequenceMap"]);

/** A graph that a function's caller hands in would have to be counted at each of its calls. */
function checkBody({ domain, operator, borrowsAttribute }: NodeOutline): void {
  if (!borrowsAttribute || domain !== "" || !RUNS_GRAPH.has(operator)) return;
  throw unsupported(
    `operator ${quote(operator)} takes an attribute from the caller of its function, so nobody knows how long it runs; write it out`,
  );
}

const isLoop = ({ domain, operator }: NodeOutline): boolean => domain === "" && operator === "Loop";

function tripCount({ inputs }: NodeOutline, scopes: readonly GraphOutline[]): number {
  const [name = ""] = inputs;
  const count = name === "" ? undefined : constantNamed(name, scopes);
  if (count === undefined) {
    throw unsupported(
      "a Loop has no constant trip count: a run that never ends cannot be stopped; give it a constant maximum, or unroll it",
    );
  }
  return Math.max(Number(count), 0);
}

function constantNamed(name: string, scopes: readonly GraphOutline[]): bigint | undefined {
  for (const { computed, constants } of scopes) {
    if (computed.has(name)) return undefined;
    const value = constants.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}
