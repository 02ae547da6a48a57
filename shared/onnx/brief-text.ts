// Lists and names in messages, kept short: a file decides how long they are.

const itemsMax = 16;
const nameCharactersMax = 96;

/** `[2, 3]`; of a long list the beginning and how many there are. */
export function briefList(items: readonly unknown[]): string {
	const shown = items.slice(0, itemsMax).join(", ");
	return items.length > itemsMax ? `[${shown}, … ${items.length} in all]` : `[${shown}]`;
}

/** A name as it is, or the beginning of a long one. */
export function briefName(name: string): string {
	return name.length > nameCharactersMax ? `${name.slice(0, nameCharactersMax)}…` : name;
}
