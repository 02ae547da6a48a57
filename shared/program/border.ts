/**
 * Non-local exit of the program builder: what is asked for cannot be one program, so an island must end here. Caught by
 * `buildProgram`, which answers with the reason as a value; it never reaches a caller.
 */
export class Border extends Error {
	override readonly name = "Border";
}
