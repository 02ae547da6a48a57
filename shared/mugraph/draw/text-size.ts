// Sizes of text without a font at hand: a monospaced one, whose characters are about 0.602 em wide everywhere.

export const fontPixels = 11;
export const linePixels = 15;
export const titlePixels = 15;

/** Width of a line in pixels, a little too large rather than too small. */
export function textWidth(text: string, pixels: number = fontPixels): number {
	return Math.ceil([...text].length * pixels * 0.602);
}

const byteUnits = ["B", "kB", "MB", "GB", "TB"] as const;

/** `1.5 kB`: three digits or four, thousands. */
export function bytesText(bytes: number): string {
	let value = bytes;
	let unit = 0;
	while (value >= 1000 && unit < byteUnits.length - 1) {
		value /= 1000;
		unit++;
	}
	const digits = unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1);
	return `${digits} ${byteUnits[unit]}`;
}
