/** Notices about the operator link: its effect, expiry and removal. */

import { Button } from "../shell/button.tsx";
import { useWork } from "../shell/context.tsx";
import { usePartPage } from "../shell/full-page.ts";
import { IconButton } from "../shell/icons.tsx";

/** Effect and expiry of the operator link, and how to end it. */
export function OperatorPart() {
  const { texts, chat } = usePartPage();
  const work = useWork();
  const end = async () => {
    await chat.forgetOperatorLink();
    location.reload();
  };
  return (
    <>
      <span>{texts.operatorByLink}</span>
      <Button disabled={work.isBusy} onClick={() => work.run(end)}>
        {texts.operatorEnd}
      </Button>
    </>
  );
}

/** Banner of the operator link, until it is dismissed. */
export function OperatorLine() {
  const { texts, chat } = usePartPage();
  return (
    <div className="banner banner-info" role="status">
      <OperatorPart />
      <IconButton icon="close" label={texts.dismiss} onPress={() => chat.dismissOperatorLink()} />
    </div>
  );
}
