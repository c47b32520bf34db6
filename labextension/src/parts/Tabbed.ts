/**
 * A job's or a search's widget in the main area. Hidden, it draws nothing and asks for nothing; its tab and what
 * its views were set to are kept until it is shown again.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { trainingIcon } from '../icons';
import { short } from '../model/wording';
import type { Recall } from '../panels/detail/recall';
import { WhileShown } from './WhileShown';

export abstract class Tabbed<Tab extends string, Parts, Drawn extends IDisposable> extends WhileShown<Parts, Drawn> {
  /**
   * @param kind its part of the widget's id
   * @param key the id of what it shows
   * @param called what it is called, by a name or an id
   */
  constructor(
    trans: TranslationBundle,
    kind: string,
    private readonly key: string,
    private readonly called: (words: string) => string,
    private _tab: Tab
  ) {
    super(trans);
    this.id = `jupyter-training-${kind}-${key}`;
    this.addClass('jp-Training');
    this.addClass('jp-Training-main');
    this.title.icon = trainingIcon;
    this.title.closable = true;
    this.title.label = short(key);
    this.title.caption = called(key);
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
  }

  get tab(): Tab {
    return this._tab;
  }

  set tab(tab: Tab) {
    if (tab !== this._tab) {
      this._tab = tab;
      this._tabChanged.emit(tab);
    }
  }

  /** Emitted with the new tab, whoever chose it. */
  get tabChanged(): ISignal<this, Tab> {
    return this._tabChanged;
  }

  /** Called by what it draws, once it knows. */
  readonly named = (name: string): void => {
    this.title.label = name;
    this.title.caption = this.called(`${name} · ${this.key}`);
    this.node.setAttribute('aria-label', this.called(name));
  };

  protected readonly recalled: Recall = new Map();

  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const tab = this.node.querySelector<HTMLElement>('[role=tab][aria-selected=true]');
    (tab ?? this.node).focus();
  }

  private readonly _tabChanged = new Signal<this, Tab>(this);
}
