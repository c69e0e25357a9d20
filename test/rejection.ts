/**
 * Returns the error of a rejected promise. Unlike `expect(…).rejects` of Bun, it does not run the
 * event loop inside the test, which loses the rest of that round.
 *
 * @throws Error if the promise is fulfilled, or rejected with something else
 */
export async function rejection(promise: Promise<unknown> | undefined): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`refused with what is no error: ${String(error)}`);
  }
  throw new Error(`not refused: ${Bun.inspect(value).slice(0, 200)}`);
}
