// Entry of the command line. Node keeps what it compiled between starts, which halves the time until a command begins.

import { enableCompileCache } from "node:module";

enableCompileCache();
await import("./command-line.ts");
