// A picture of a µGraph as data: boxes, frames around them and edges between them, in pixels from the upper left corner.

export type BoxKind =
	| "device"
	| "weight"
	| "load"
	| "contract"
	| "reduce"
	| "accumulate"
	| "registers"
	| "store";

export interface Rectangle {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

export interface Box extends Rectangle {
	readonly kind: BoxKind;
	/** The first is the heading. */
	readonly lines: readonly string[];
}

/** A kernel or a stage: behind its boxes, with a heading. */
export interface Frame extends Rectangle {
	readonly kind: "kernel" | "block" | "loop";
	readonly heading: string;
}

export interface Point {
	readonly x: number;
	readonly y: number;
}

export interface Edge {
	/** Indices into `Drawing.boxes`. */
	readonly from: number;
	readonly to: number;
	/** Downwards: from the lower side of `from` to the upper side of `to`. */
	readonly points: readonly Point[];
}

export interface Drawing {
	readonly width: number;
	readonly height: number;
	readonly title: string;
	readonly notes: readonly string[];
	readonly frames: readonly Frame[];
	readonly boxes: readonly Box[];
	readonly edges: readonly Edge[];
}
