const cell = new DataView(new ArrayBuffer(4));

/** The nearest value that bfloat16 holds, ties to even; for finite numbers. */
export function bfloat16Of(value: number): number {
	cell.setFloat32(0, value);
	const bits = cell.getUint32(0);
	cell.setUint32(0, ((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000) >>> 0);
	return cell.getFloat32(0);
}
