/** Asks for a user name. */

import { isName, type Name } from "../base/names.ts";
import { checkTypedName, proposeName } from "../base/new-names.ts";
import { quoteText } from "../base/text.ts";
import { type Context, printNotice } from "./context.ts";
import { usageFault } from "./errors.ts";

/**
 * Asks the user at the terminal for a name. After an invalid name a similar one is suggested, which
 * an empty answer accepts.
 * @param server where the name is used, as HOST:PORT
 * @throws Fault usage (nobody can be asked), name-invalid (no answer), interrupted
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
