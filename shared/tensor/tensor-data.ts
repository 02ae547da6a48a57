import type { DataType } from "./data-type.ts";
import type { Shape } from "./shape.ts";

/**
 * A tensor's bytes: row-major, little-endian, `elementCount(shape) * elementBytes(dataType)` long.
 * A view: bytes of an initializer point into the uploaded file and are never copied.
 */
export interface TensorData {
	readonly dataType: DataType;
	readonly shape: Shape;
	readonly bytes: Uint8Array;
}
