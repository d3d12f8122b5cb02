// A request's body that breaks off is its caller's end, and no fault of ours: nobody is left to read an answer, and
// nobody is to be woken for it.

export class BrokenOff extends Error {
  override readonly name = "BrokenOff";
}

/** What `read` reads of a request. Throws BrokenOff where its caller is gone before the body's end. */
export async function readWhole<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (cause) {
    throw new BrokenOff("the body broke off", { cause });
  }
}
