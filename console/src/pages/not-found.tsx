import { Notice } from "../parts/notice";
import { href } from "../router";

export function NotFoundPage() {
  return (
    <>
      <h1>Nothing here</h1>
      <Notice tone="quiet" title="This address has no page">
        <a href={href([])}>Go to the overview</a>
      </Notice>
    </>
  );
}
