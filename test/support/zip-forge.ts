// Makes zips by hand: honest ones as actions/upload-artifact writes them, and hostile ones that lie
// about what they hold. Field names and order as in APPNOTE.TXT of PKWARE.
import { crc32, deflateRawSync } from "node:zlib";

export interface ForgedEntry {
  /** Written as it is, wherever it points to. Ends with a slash: a directory. */
  readonly name: string;
  readonly content?: string | Uint8Array;
  /**
   * Absent: deflate, and stored for directories. A number is claimed as it is, with the content as
   * stored.
   */
  readonly method?: "deflate" | "stored" | number;
  /**
   * The uncompressed size that these say; absent: the truth. A claim in the local header is made
   * instead of none there.
   */
  readonly claimedSize?: { readonly local?: number; readonly descriptor?: number; readonly central?: number };
  /** Everywhere, instead of the true one. */
  readonly crc?: number;
  /** Claims to be encrypted. */
  readonly encrypted?: boolean;
  /** Absent: an ordinary file's, or a directory's. 0o120777 is a symbolic link. */
  readonly unixMode?: number;
}

export interface ForgeOptions {
  /**
   * Sizes in the local header, as tools write that know them beforehand; else in a descriptor after
   * the data.
   */
  readonly sizesFirst?: boolean;
  readonly zip64?: boolean;
  /** After the end record; may hold another one, of writeEndRecord. */
  readonly comment?: string | Uint8Array;
  /** Every entry of the central directory points at the data of the first. */
  readonly overlapping?: boolean;
  /** How many entries the end record says there are; absent: the truth. */
  readonly claimedEntries?: number;
  /** In front of the first entry. */
  readonly prefix?: Uint8Array;
  /** So many bytes are missing at the end. */
  readonly cutOff?: number;
}

export function forgeZip(entries: readonly ForgedEntry[], options: ForgeOptions = {}): Uint8Array {
  const prefix = Buffer.from(options.prefix ?? []);
  const locals: Buffer[] = [];
  const packed: PackedEntry[] = [];
  let offset = prefix.length;
  for (const entry of entries) {
    const one = packEntry(entry, offset, options);
    const local = writeLocal(one);
    packed.push(one);
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(
    packed.map((one) => writeCentral(options.overlapping ? { ...one, ...dataOf(packed) } : one)),
  );
  const directory = { entries: options.claimedEntries ?? entries.length, size: central.length, offset };
  const end = options.zip64 ? writeZip64End(directory, options.comment) : writeEndRecord(directory, options.comment);
  const zip = Buffer.concat([prefix, ...locals, central, end]);
  return Uint8Array.from(zip.subarray(0, zip.length - (options.cutOff ?? 0)));
}

export interface Directory {
  readonly entries: number;
  readonly size: number;
  /** From the beginning of the file. */
  readonly offset: number;
}

/** The end of central directory record: what readers look for first, from behind. */
export function writeEndRecord({ entries, size, offset }: Directory, comment: string | Uint8Array = ""): Buffer {
  const text = Buffer.from(comment);
  return Buffer.concat([
    fields([4, 0x06054b50], [2, 0], [2, 0], [2, entries], [2, entries], [4, size], [4, offset], [2, text.length]),
    text,
  ]);
}

interface PackedEntry {
  readonly entry: ForgedEntry;
  readonly name: Buffer;
  readonly data: Buffer;
  readonly size: number;
  readonly crc: number;
  readonly method: number;
  readonly flags: number;
  readonly offset: number;
  readonly zip64: boolean;
}

const bit = { encrypted: 1 << 0, descriptor: 1 << 3, utf8: 1 << 11 };
const date1980 = 0x0021;
const version = { plain: 20, zip64: 45, unix: 3 << 8 };
const inExtra = { 4: 0xffffffff, 2: 0xffff };

function packEntry(entry: ForgedEntry, offset: number, { sizesFirst, zip64 }: ForgeOptions): PackedEntry {
  const content = Buffer.from(entry.content ?? "");
  const name = Buffer.from(entry.name);
  const wanted = entry.method ?? (entry.name.endsWith("/") ? "stored" : "deflate");
  const flags =
    (entry.encrypted ? bit.encrypted : 0) |
    (sizesFirst ? 0 : bit.descriptor) |
    (name.length === entry.name.length ? 0 : bit.utf8);
  return {
    entry,
    name,
    data: wanted === "deflate" ? deflateRawSync(content) : content,
    size: content.length,
    crc: entry.crc ?? crc32(content),
    method: wanted === "deflate" ? 8 : wanted === "stored" ? 0 : wanted,
    flags,
    offset,
    zip64: zip64 ?? false,
  };
}

/** Header, data and, where the header could not say it, their sizes. */
function writeLocal({ entry, name, data, size, crc, method, flags, zip64 }: PackedEntry): Buffer {
  const { local, descriptor } = entry.claimedSize ?? {};
  const isStreamed = (flags & bit.descriptor) !== 0;
  const sizes = isStreamed ? [0, 0, local ?? 0] : [crc, data.length, local ?? size];
  const width = zip64 ? 8 : 4;
  // Only the presence of the extra field tells a reader that the descriptor's sizes have 8 bytes.
  const extra = zip64 ? fields([2, 1], [2, 16], [8, sizes[2] ?? 0], [8, sizes[1] ?? 0]) : Buffer.alloc(0);
  const header = fields(
    [4, 0x04034b50],
    [2, zip64 ? version.zip64 : version.plain],
    [2, flags],
    [2, method],
    [2, 0],
    [2, date1980],
    [4, sizes[0] ?? 0],
    [4, zip64 ? inExtra[4] : (sizes[1] ?? 0)],
    [4, zip64 ? inExtra[4] : (sizes[2] ?? 0)],
    [2, name.length],
    [2, extra.length],
  );
  const after = fields([4, 0x08074b50], [4, crc], [width, data.length], [width, descriptor ?? size]);
  return Buffer.concat([header, name, extra, data, ...(isStreamed ? [after] : [])]);
}

function writeCentral({ entry, name, data, size, crc, method, flags, offset, zip64 }: PackedEntry): Buffer {
  const claimed = entry.claimedSize?.central ?? size;
  const isDirectory = entry.name.endsWith("/");
  const mode = entry.unixMode ?? (isDirectory ? 0o040755 : 0o100644);
  const extra = zip64 ? fields([2, 1], [2, 24], [8, claimed], [8, data.length], [8, offset]) : Buffer.alloc(0);
  const header = fields(
    [4, 0x02014b50],
    [2, version.unix | version.zip64],
    [2, zip64 ? version.zip64 : version.plain],
    [2, flags],
    [2, method],
    [2, 0],
    [2, date1980],
    [4, crc],
    [4, zip64 ? inExtra[4] : data.length],
    [4, zip64 ? inExtra[4] : claimed],
    [2, name.length],
    [2, extra.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, mode * 0x10000 + (isDirectory ? 0x10 : 0)],
    [4, zip64 ? inExtra[4] : offset],
  );
  return Buffer.concat([header, name, extra]);
}

function dataOf([first]: readonly PackedEntry[]): Partial<PackedEntry> {
  if (first === undefined) return {};
  const { data, size, crc, method, offset } = first;
  return { data, size, crc, method, offset };
}

/**
 * The record that has room for more, the locator that leads there, and an ordinary end record that
 * says so.
 */
function writeZip64End({ entries, size, offset }: Directory, comment: string | Uint8Array | undefined): Buffer {
  const record = fields(
    [4, 0x06064b50],
    [8, 44],
    [2, version.unix | version.zip64],
    [2, version.zip64],
    [4, 0],
    [4, 0],
    [8, entries],
    [8, entries],
    [8, size],
    [8, offset],
  );
  const locator = fields([4, 0x07064b50], [4, 0], [8, offset + size], [4, 1]);
  return Buffer.concat([
    record,
    locator,
    writeEndRecord({ entries: inExtra[2], size: inExtra[4], offset: inExtra[4] }, comment),
  ]);
}

/**
 * Little-endian, one after the other, each in so many bytes; what does not fit is cut off, as
 * 70,000 entries are.
 */
function fields(...widthsAndValues: readonly (readonly [2 | 4 | 8, number])[]): Buffer {
  const all = Buffer.alloc(widthsAndValues.reduce((sum, [width]) => sum + width, 0));
  let at = 0;
  for (const [width, value] of widthsAndValues) {
    if (width === 8) all.writeBigUInt64LE(BigInt(value), at);
    else all.writeUIntLE(value % 2 ** (8 * width), at, width);
    at += width;
  }
  return all;
}
