// Unpacks the one small text file that a proving artifact holds. A zip is a stranger's: entries and
// bytes are bounded, and what its headers claim is not believed: yauzl stops a stream that grows
// beyond the size it was told, we stop it at ours.
import { Buffer } from "node:buffer";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { joinChunks } from "../bounded-body.ts";

export type SoleFile =
  | { readonly kind: "file"; readonly bytes: Uint8Array }
  /** `why` is for people, and quotes nothing of the zip */
  | { readonly kind: "bad"; readonly why: string };

/**
 * The file in `zip`, if it is the only one, and no longer than `longest` bytes. Never rejects: bad
 * bytes are a value.
 */
export async function loadSoleFile(zip: Uint8Array, longest: number): Promise<SoleFile> {
  try {
    const archive = await fromBufferPromise(Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength), {
      validateEntrySizes: true,
    });
    if (archive.entryCount !== 1) return bad("It must hold exactly one file");
    for await (const entry of archive.eachEntry()) return await unpack(archive, entry, longest);
    return bad("It must hold exactly one file");
  } catch {
    // whatever yauzl or zlib objects to: their messages may quote names from the zip
    return bad("It is not a zip that can be read");
  }
}

async function unpack(archive: ZipFile, entry: Entry, longest: number): Promise<SoleFile> {
  const tooLong = bad(`Its file must be no longer than ${longest} bytes`);
  if (entry.uncompressedSize > longest) return tooLong;
  if (entry.isEncrypted()) return bad("Its file is encrypted");
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (await archive.openReadStreamPromise(entry)) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > longest) return tooLong;
    chunks.push(chunk);
  }
  return { kind: "file", bytes: joinChunks(chunks, size) };
}

function bad(why: string): SoleFile {
  return { kind: "bad", why };
}
