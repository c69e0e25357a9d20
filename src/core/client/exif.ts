/** Orientation and position in the EXIF data of a picture, which is untrusted. */

export interface Exif {
  /** True if viewers turn the picture by 90 degrees. */
  readonly isSideways: boolean;
  readonly hasPosition: boolean;
}

const NO_EXIF: Exif = { isSideways: false, hasPosition: false };
const [ORIENTATION_TAG, GPS_TAG, LATITUDE_TAG, LONGITUDE_TAG] = [0x0112, 0x8825, 2, 4];
const [SHORT, LITTLE_ENDIAN, TIFF_MARK] = [3, 0x4949, 42];
const ENTRY_BYTES = 12;
/** Cameras write fewer than 100 entries. */
const ENTRIES_MAX = 512;

/**
 * Follows only the first directory and its position, so that directories that refer to each other
 * end.
 * @param tiff the segment after `Exif\0\0`
 */
export function readExif(tiff: DataView): Exif {
  if (tiff.byteLength < 8) return NO_EXIF;
  const isLittle = tiff.getUint16(0) === LITTLE_ENDIAN;
  if (tiff.getUint16(2, isLittle) !== TIFF_MARK) return NO_EXIF;
  let [isSideways, hasPosition] = [false, false];
  for (const at of entries(tiff, tiff.getUint32(4, isLittle), isLittle)) {
    const tag = tiff.getUint16(at, isLittle);
    if (tag === ORIENTATION_TAG && tiff.getUint16(at + 2, isLittle) === SHORT) {
      const orientation = tiff.getUint16(at + 8, isLittle);
      isSideways = orientation >= 5 && orientation <= 8;
    }
    if (tag !== GPS_TAG) continue;
    for (const field of entries(tiff, tiff.getUint32(at + 8, isLittle), isLittle))
      hasPosition ||= [LATITUDE_TAG, LONGITUDE_TAG].includes(tiff.getUint16(field, isLittle));
  }
  return { isSideways, hasPosition };
}

/** Yields the offsets of a directory's complete entries. */
function* entries(tiff: DataView, directory: number, isLittle: boolean): Iterable<number> {
  if (directory + 2 > tiff.byteLength) return;
  const count = Math.min(tiff.getUint16(directory, isLittle), ENTRIES_MAX);
  for (let i = 0, at = directory + 2; i < count; i++, at += ENTRY_BYTES) {
    if (at + ENTRY_BYTES > tiff.byteLength) return;
    yield at;
  }
}
