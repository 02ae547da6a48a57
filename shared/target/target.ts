// Hardware as data. A target is a class of machines a kernel is compiled for; a machine is one runner, as it described itself.

export type TargetId = "cpu-portable" | "cpu-x86-64-v3" | "cpu-x86-64-v4";

export interface CpuTarget {
	readonly kind: "cpu";
	readonly id: TargetId;
	/** Instructions that emitted C names; `portable`: none, any compiler with GCC's vector extensions takes it. */
	readonly dialect: "x86" | "portable";
	/** float32 lanes of the widest vector register. */
	readonly vectorLanes: number;
	readonly vectorRegisters: number;
	readonly level1Bytes: number;
	readonly level2Bytes: number;
	readonly level3Bytes: number;
	/** Flags for gcc and clang. */
	readonly compilerFlags: readonly string[];
	/** Multiply-adds of bfloat16 pairs (schedule.ts, `productType`) for each of float32 in the same time. */
	readonly pairProductFactor: number;
	/** Peaks of a typical core, for the analytic cost model; a runner's probes replace them. */
	readonly fusedMultiplyAddGflops: number;
	readonly readGigabytesPerSecond: number;
}

export const targets: Readonly<Record<TargetId, CpuTarget>> = {
	"cpu-portable": {
		kind: "cpu",
		id: "cpu-portable",
		dialect: "portable",
		vectorLanes: 4,
		vectorRegisters: 16,
		level1Bytes: 32768,
		level2Bytes: 524288,
		level3Bytes: 8388608,
		compilerFlags: [],
		pairProductFactor: 0.5,
		fusedMultiplyAddGflops: 25,
		readGigabytesPerSecond: 12,
	},
	"cpu-x86-64-v3": {
		kind: "cpu",
		id: "cpu-x86-64-v3",
		dialect: "x86",
		vectorLanes: 8,
		vectorRegisters: 16,
		level1Bytes: 32768,
		level2Bytes: 524288,
		level3Bytes: 33554432,
		compilerFlags: ["-march=x86-64-v3"],
		pairProductFactor: 0.8,
		fusedMultiplyAddGflops: 110,
		readGigabytesPerSecond: 20,
	},
	"cpu-x86-64-v4": {
		kind: "cpu",
		id: "cpu-x86-64-v4",
		dialect: "x86",
		vectorLanes: 16,
		vectorRegisters: 32,
		level1Bytes: 49152,
		level2Bytes: 1048576,
		level3Bytes: 33554432,
		compilerFlags: ["-march=x86-64-v4", "-mprefer-vector-width=512"],
		pairProductFactor: 1.8,
		fusedMultiplyAddGflops: 235,
		readGigabytesPerSecond: 35,
	},
};

/** A runner's own description; part of every measurement's evidence. */
export interface Machine {
	readonly target: TargetId;
	readonly model: string;
	readonly cores: number;
	readonly instructionSets: readonly string[];
	readonly level1Bytes: number;
	readonly level2Bytes: number;
	readonly level3Bytes: number;
	readonly compiler: string;
	readonly baseline: string;
	/** Probes, measured once at start. */
	readonly readGigabytesPerSecond: number;
	readonly fusedMultiplyAddGflops: number;
}
