/** Prompt for a user name. */

import { isName, type Name } from "../base/names.ts";
import { checkTypedName, proposeName } from "../base/new-names.ts";
import { quoteText } from "../base/text.ts";
import { type Context, printNotice } from "./context.ts";
import { usageFault } from "./errors.ts";

/**
 * Proposes a similar name after an invalid name.
 * @param server HOST:PORT
 * @throws {Fault} usage without a terminal; name-invalid if the answer is empty; interrupted
 */
export async function promptUserName(
  context: Pick<Context, "terminal" | "stderr">,
  server?: string,
): Promise<Name> {
  const { terminal } = context;
  if (terminal === undefined) {
    throw usageFault("no user name given", "add --user NAME or set CHAT_USER");
  }
  const question = server === undefined ? "Name" : `Name on ${server}`;
  let answer = await terminal.askText(question);
  if (answer === "") return checkTypedName(answer);
  while (!isName(answer)) {
    const proposed = proposeName(answer);
    printNotice(context, `invalid name ${quoteText(answer)}: use letters, digits, - and _`);
    answer = (await terminal.askText(`${question} [${proposed}]`)) || proposed;
  }
  return answer;
}
