/** Fault that the page detects, with a more specific text than the text for its code. */

import { Fault, type FaultCode, type FaultDetail } from "../../base/fault.ts";
import type { Texts } from "../messages/en/page.ts";

type PlainText = { [Key in keyof Texts]-?: Texts[Key] extends string ? Key : never }[keyof Texts];

export class PageFault extends Fault {
  readonly text: PlainText;

  constructor(code: FaultCode, text: PlainText, detail: FaultDetail = {}) {
    super(code, text, detail);
    this.text = text;
  }
}
