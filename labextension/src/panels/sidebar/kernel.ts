/**
 * Whether the notebook in front has a kernel that knows `%%train`, and the way to teach it. The kernel is
 * asked silently, when it is idle; one that did not know it is asked again after each cell that was run.
 */
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Session } from '../../model/session';
import { Trouble } from '../../api/http';
import { light } from '../../api/jobs';

/** `absent`: our package is not in its environment; `unloaded`: it is, but the magics are not. */
export type Knows = 'unasked' | 'ready' | 'unloaded' | 'absent' | 'other';

const PROBE = {
  loaded: "'train' in get_ipython().magics_manager.magics['cell']",
  there: "__import__('importlib.util').util.find_spec('jupyter_training') is not None"
};

export class KernelWatch implements IDisposable {
  constructor(
    private readonly notebooks: INotebookTracker,
    private readonly changed: () => void
  ) {
    notebooks.currentChanged.connect(this._switched);
    this._switched();
  }

  get knows(): Knows {
    return this._knows;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this.notebooks.currentChanged.disconnect(this._switched);
    this._following?.dispose();
  }

  /**
   * Load the magics into the kernel, with the server's copy of the package where it has none of its own.
   *
   * @throws Trouble with what the kernel said.
   */
  async teach(session: Session, trans: TranslationBundle): Promise<void> {
    const kernel = this._kernel();
    if (kernel === null) {
      return;
    }
    const lines = ['%load_ext jupyter_training'];
    if (this._knows === 'absent') {
      lines.unshift('import sys', `sys.path.append(${JSON.stringify(await light(session.settings))})`);
    }
    const { content } = await kernel.requestExecute({ code: lines.join('\n'), silent: true, store_history: false }).done;
    if (content.status === 'error') {
      throw new Trouble(
        trans.__('The kernel could not load it: %1: %2.', content.ename, content.evalue),
        trans.__('Install it there: pip install --no-deps jupyter-training')
      );
    }
    await this._ask(kernel);
    if (this._knows !== 'ready') {
      throw new Trouble(trans.__('The kernel ran the lines, but still does not know %1.', '%%train'));
    }
  }

  private readonly _switched = (): void => {
    this._following?.dispose();
    this._following = null;
    const panel = this.notebooks.currentWidget;
    this._tell('unasked');
    if (panel !== null) {
      this._following = this._follow(panel);
    }
  };

  private _follow(panel: NotebookPanel): IDisposable {
    const context = panel.sessionContext;
    const look = (_: ISessionContext, status: Kernel.Status): void => {
      if (status === 'restarting' || status === 'autorestarting') {
        this._asked = null;
        this._tell('unasked');
      } else if (status === 'idle') {
        this._lookAt();
      }
    };
    const other = (): void => {
      this._tell('unasked');
      this._lookAt();
    };
    // What we ask ourselves is silent and has no such message, so this does not go round in circles.
    const ran = (_: ISessionContext, message: KernelMessage.IMessage): void => {
      if (message.header.msg_type === 'execute_input' && this._knows !== 'ready') {
        this._asked = null;
      }
    };
    context.statusChanged.connect(look);
    context.iopubMessage.connect(ran);
    context.kernelChanged.connect(other);
    void context.ready.then(() => this._lookAt());
    return new DisposableDelegate(() => {
      context.statusChanged.disconnect(look);
      context.iopubMessage.disconnect(ran);
      context.kernelChanged.disconnect(other);
    });
  }

  private _lookAt(): void {
    const kernel = this._kernel();
    if (kernel === null || kernel.status !== 'idle' || (this._asked === kernel.id && this._knows !== 'unasked')) {
      return;
    }
    if (this._asked !== kernel.id) {
      this._asked = kernel.id;
      void this._ask(kernel).catch(() => undefined); // a kernel that dies meanwhile is asked in its next life
    }
  }

  private async _ask(kernel: Kernel.IKernelConnection): Promise<void> {
    const spec = await kernel.spec;
    if (spec?.language !== 'python') {
      this._tell('other');
      return;
    }
    const { content } = await kernel.requestExecute({ code: '', silent: true, store_history: false, user_expressions: PROBE }).done;
    if (content.status !== 'ok' || this._kernel() !== kernel) {
      return;
    }
    const { loaded, there } = content.user_expressions;
    const yes = (answer: unknown): boolean => (answer as { data?: Record<string, unknown> } | undefined)?.data?.['text/plain'] === 'True';
    this._tell(yes(loaded) ? 'ready' : yes(there) ? 'unloaded' : 'absent');
  }

  private _kernel(): Kernel.IKernelConnection | null {
    return this.notebooks.currentWidget?.sessionContext.session?.kernel ?? null;
  }

  private _tell(knows: Knows): void {
    if (this._knows !== knows && !this._disposed) {
      this._knows = knows;
      this.changed();
    }
  }

  private _knows: Knows = 'unasked';
  private _asked: string | null = null;
  private _following: IDisposable | null = null;
  private _disposed = false;
}
