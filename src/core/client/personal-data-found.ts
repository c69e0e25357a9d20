/** Personal data that a search of a file has found, and the texts by which it is recognised. */

/** `may have`: the file can contain it in a part that cannot be searched. */
export type DataFinding = "has" | "may have" | "has not";

export interface PersonalData {
  /** Place where the file was made. */
  readonly location: DataFinding;
  /** Author, artist or owner, or a person in a picture. */
  readonly name: DataFinding;
}

type Kind = keyof PersonalData;

/** A non-empty attribute or element of XMP. */
const VALUE = `(?:=["'][^"']|>[^<])`;
const XMP_LOCATION = new RegExp(
  `GPSL(?:atitude|ongitude)|LOCATION_GPS>[^<]|Iptc4xmpExt:Location(?:Created|Shown)>|` +
    `(?:photoshop:(?:City|State|Country)|Iptc4xmpCore:Location)${VALUE}`,
);
const XMP_NAME = new RegExp(
  `(?:tiff:Artist|aux:OwnerName|exifEX:CameraOwnerName|photoshop:CaptionWriter|pdf:Author|` +
    `mwg-rs:Name|MPReg:PersonDisplayName|xmpDM:artist)${VALUE}|Iptc4xmpExt:PersonInImage>|` +
    `dc:creator>\\s{0,99}<rdf:(?:Seq|Bag|Alt)>\\s{0,99}<rdf:li(?:\\s[^<>]{0,99})?>[^<]`,
);
/** Datasets of IPTC that are not empty: places, and author, contact or writer. */
const IPTC_LOCATION = /\x1c\x02[\x1a\x1b\x5a\x5c\x5f\x64\x65](?!\0\0)/;
const IPTC_NAME = /\x1c\x02[\x50\x76\x7a](?!\0\0)/;
/** A film behind a photo, which has its own location. */
const MOTION = /MotionPhoto|MicroVideo/;
/** Locations of Android, 3GPP and Apple. */
const MOVIE_LOCATION = /\xa9xyz|loci\0\0\0\0|location\.ISO6709|GPSCoordinates/;
const MOVIE_NAME =
  /\xa9(?:ART|aut|wrt|dir)|aART\0|(?:auth|perf)\0\0\0\0|quicktime\.(?:auth|art|creat|direct)/;
/** Tracks of sensors, which may include the position. */
const MOVIE_SENSORS = /gpmd|camm/;
/** Photos and films in a zip archive or an Office document. */
const ZIPPED_MEDIA = /\.(?:jpe?g|hei[cf]|tiff?|dng|mov|mp4)$/i;
const ABOUT_DOCUMENT = new RegExp(
  "^(?:docProps/(?:core|app)|meta|word/(?:people|comments)|xl/persons/person|" +
    "ppt/commentAuthors)\\.xml$",
);
const DOCUMENT_NAME = new RegExp(
  "<(?:dc:creator|cp:lastModifiedBy|meta:(?:initial-creator|printed-by)|Manager)>[^<]|" +
    '<p:cmAuthor |<person |:author="[^"]',
);
const PDF_AUTHOR = /\/Author\s{0,9}(?:\((?!\))|<(?!>))/;
const RTF_AUTHOR = /\\(?:author|operator|manager) [^}]/;
/** Frames of ID3 that are not empty, in versions 2.3 and 2.2. */
const ID3_NAME =
  /T(?:PE[1-4]|COM|EXT|OPE|OWN|OLY)(?!\0\0\0[\0\x01])|T(?:P[1-4]|CM|XT|OA)\0(?!\0[\0\x01])/;
const COMMENT_NAME = new RegExp(
  "(?<![A-Z])(?:(?:ALBUM)?ARTIST|AUTHOR|PERFORMER|COMPOSER|LYRICIST|CONDUCTOR|CONTACT|DIRECTOR)" +
    "=[^\0]",
  "i",
);
const COMMENT_LOCATION = /(?<![A-Z])(?:GEO_)?LOCATION(?:-eng)?=[^\0]/i;
/** Items of an APE tag, which follows the sound. */
const APE_NAME = /(?:Artist|Composer|Conductor|Author)\0[^\0]/i;
const RIFF_NAME = /I(?:ART|ENG|TCH)(?!\0\0\0\0|\x01\0\0\0)/;
/** Tag of ID3 version 1, at the end of a file, and its artist. */
const ID3_END_BYTES = 128;
const ID3_END_ARTIST = [33, 63] as const;
const PNG_NAME = /^(?:Author|Artist|Copyright)\0/i;
/** Texts of a PNG that are compressed or in hexadecimal. */
const PNG_HIDDEN = /^(?:Raw profile type (?:exif|APP1|iptc|xmp)|XML:com\.adobe\.xmp\0\x01)/i;

export class PersonalDataFound {
  readonly #certain = new Set<Kind>();
  readonly #possible = new Set<Kind>();
  /** XMP names a film behind the photo. */
  #namesFilm = false;
  #hasFilm = false;
  #rest: Kind | undefined;
  #hasPackedObjects = false;
  #hasPlainFacts = false;

  get result(): PersonalData {
    const of = (kind: Kind, isPossible: boolean) =>
      this.#certain.has(kind) ? "has" : isPossible ? "may have" : "has not";
    const possible = this.#possible;
    return {
      location: of("location", possible.has("location") || (this.#namesFilm && !this.#hasFilm)),
      name: of("name", possible.has("name")),
    };
  }

  note(kind: Kind): void {
    this.#certain.add(kind);
  }

  /** Notes that a part of the file cannot be searched, for one kind or for both. */
  suspect(kind?: Kind): void {
    for (const each of kind === undefined ? (["location", "name"] as const) : [kind])
      this.#possible.add(each);
  }

  /** The rest of the file can contain this kind alone. */
  narrow(kind: Kind): void {
    this.#rest = kind;
  }

  /** Notes that the rest of the file cannot be searched. */
  suspectRest(): void {
    this.suspect(this.#rest);
  }

  #noteIf(kind: Kind, pattern: RegExp, text: string): void {
    if (pattern.test(text)) this.note(kind);
  }

  /** XMP, or another text that a program has put into a picture. */
  noteText(text: string): void {
    this.#noteIf("location", XMP_LOCATION, text);
    this.#noteIf("name", XMP_NAME, text);
    this.#namesFilm ||= MOTION.test(text);
  }

  noteIptc(text: string): void {
    this.#noteIf("location", IPTC_LOCATION, text);
    this.#noteIf("name", IPTC_NAME, text);
  }

  notePngText(text: string): void {
    this.noteText(text);
    this.#noteIf("name", PNG_NAME, text);
    if (PNG_HIDDEN.test(text)) this.suspect();
  }

  noteMovie(text: string): void {
    this.noteText(text);
    this.#noteIf("location", MOVIE_LOCATION, text);
    this.#noteIf("name", MOVIE_NAME, text);
    if (MOVIE_SENSORS.test(text)) this.suspect("location");
  }

  noteId3(text: string): void {
    this.noteText(text);
    this.#noteIf("name", ID3_NAME, text);
  }

  noteFilmFound(): void {
    this.#hasFilm = true;
  }

  /** The last bytes of a sound, with tags of ID3 version 1 and of APE. */
  noteSoundEnd(text: string): void {
    const tag = text.slice(-ID3_END_BYTES);
    if (tag.startsWith("TAG") && /[^\0\x20]/.test(tag.slice(...ID3_END_ARTIST))) this.note("name");
    const ape = text.indexOf("APETAGEX");
    if (ape >= 0) this.#noteIf("name", APE_NAME, text.slice(ape));
  }

  /** Comments of Ogg and FLAC, and tags of Matroska. */
  noteComments(text: string): void {
    this.#noteIf("location", COMMENT_LOCATION, text);
    this.#noteIf("name", COMMENT_NAME, text);
  }

  noteRiffList(text: string): void {
    if (text.startsWith("INFO")) this.#noteIf("name", RIFF_NAME, text);
  }

  /** A part of a PDF, or of another document. */
  noteDocument(text: string): void {
    this.#noteIf("name", PDF_AUTHOR, text);
    this.#noteIf("name", RTF_AUTHOR, text);
    this.#hasPackedObjects ||= text.includes("/ObjStm");
    this.#hasPlainFacts ||= /\/(?:Producer|CreationDate)\b/.test(text);
  }

  /** The author of a PDF can be one of its compressed objects. */
  endDocument(): void {
    if (this.#hasPackedObjects && !this.#hasPlainFacts) this.suspect("name");
  }

  noteZipName(name: string): void {
    if (ZIPPED_MEDIA.test(name)) this.suspect("location");
  }

  isAboutDocument(name: string): boolean {
    return ABOUT_DOCUMENT.test(name);
  }

  noteAboutDocument(text: string): void {
    this.#noteIf("name", DOCUMENT_NAME, text);
  }
}
