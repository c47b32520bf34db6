/** A dialogue that stays open until the server has taken what its form sends; nothing typed is lost by a refusal. */
import { Dialog } from '@jupyterlab/apputils';
import { UUID } from '@lumino/coreutils';

export class FormDialog extends Dialog<null> {
  constructor(
    private readonly form: { send(): Promise<boolean> },
    options: Partial<Dialog.IOptions<null>>
  ) {
    super(options);
    this.addClass('jp-Training-dialog');
  }

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
      return;
    }
    void this.form.send().then(sent => {
      if (sent) {
        super.resolve(1);
      }
    });
  }

  /** Whether what the form holds may be sent now. The form itself refuses too: Enter needs no button. */
  allow(isReady: boolean): void {
    for (const button of this.node.querySelectorAll<HTMLButtonElement>('.jp-Dialog-footer .jp-mod-accept')) {
      button.disabled = !isReady;
    }
  }

  /** Show it until it is left or has sent. */
  async run(): Promise<void> {
    await this.launch();
    this.dispose();
  }
}

/** The name of one wish: sending it again, after an answer that got lost, makes no second job. */
export function newKey(): string {
  return UUID.uuid4().replace(/-/g, '');
}
