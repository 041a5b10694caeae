import { worker } from "../src/compose/worker.ts";

export default worker;
