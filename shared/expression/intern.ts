/** Gives equal sequences of int32 equal ids, from 0 in order of first sight. */
export interface SequenceTable {
	/** Keeps the array it is given when the sequence is new: don't change it afterwards. */
	intern(sequence: readonly number[]): number;
}

const slotsInitial = 256;

export function createSequenceTable(): SequenceTable {
	const sequences: (readonly number[])[] = [];
	const hashes: number[] = [];
	/** id + 1; 0 is empty. */
	let slots = new Int32Array(slotsInitial);
	let mask = slotsInitial - 1;
	const grow = (): void => {
		slots = new Int32Array(slots.length * 2);
		mask = slots.length - 1;
		hashes.forEach((hash, id) => {
			let slot = hash & mask;
			while (slots[slot] !== 0) slot = (slot + 1) & mask;
			slots[slot] = id + 1;
		});
	};
	return {
		intern: (sequence) => {
			const hash = hashSequence(sequence);
			let slot = hash & mask;
			for (;;) {
				const id = (slots[slot] ?? 0) - 1;
				if (id < 0) break;
				if (hashes[id] === hash && equalSequences(sequences[id] ?? [], sequence)) return id;
				slot = (slot + 1) & mask;
			}
			slots[slot] = sequences.push(sequence);
			hashes.push(hash);
			if (sequences.length * 2 > mask) grow();
			return sequences.length - 1;
		},
	};
}

function equalSequences(a: readonly number[], b: readonly number[]): boolean {
	if (a.length !== b.length) return false;
	for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
	return true;
}

/** FNV-1a over whole int32s, then mixed so that low bits depend on all. */
function hashSequence(sequence: readonly number[]): number {
	let hash = 0x811c9dc5 ^ sequence.length;
	for (const item of sequence) {
		hash = Math.imul(hash ^ item, 0x01000193);
		hash ^= hash >>> 15;
	}
	return Math.imul(hash, 0x85ebca77) ^ (hash >>> 16);
}
