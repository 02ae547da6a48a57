// Computes and writes a workload in a thread of its own: references of large programs take seconds, and the thread that
// started the task must keep its messages and leases alive meanwhile.

import { parentPort, workerData } from "node:worker_threads";
import { present } from "#shared/fault/assert.ts";
import { prepareWorkload, type WorkloadRequest } from "./workload.ts";

const request: WorkloadRequest = workerData;
present(parentPort, "a worker has a parent").postMessage(await prepareWorkload(request));
