"""Building blocks of every page. Runs in the window.

Sizes in constructors are token pixels (they follow the zoom); ``tone`` is a colour token such as
``t2``, ``ok``, ``series:3``; ``role`` a type role of theme/fonts.py.

=========  =====================================================================================
layouts    hbox(*items, gap=8, margins=(0,0,0,0)), vbox(…), holder(layout, name), clear(layout);
           an item is a widget, layout, gap in px, None (stretch) or (item, stretch)
labels     Label(text, role="body", tone="t1", wrap=False): set_text, set_tone, set_role
           ElidedLabel(text, role, tone, middle=False) · IconLabel(name, tone, size): set_icon
surfaces   Card(title="", subtitle="", margins, gap): body, header, add, add_to_header
           Surface(kind) with kind card, card-accent, inset, well, selected, plain
           Rule(vertical=False, tone="line")
buttons    Button(text="", kind="secondary", icon="", height=32, tip=""): follow(QAction), set_icon
           kinds: primary, secondary, ghost, link, danger, danger-filled; no text = icon button
chips      Chip(text, tone, icon): set_look(ChipLook(text, tone, icon)) · KeyCap(text)
           Pill(text, active=False, removable=False, icon=""): clicked, removed, set_active
tiles      StatTile(label, icon): set_value(value, unit), set_context((text, tone), …),
           set_spark(values, tone), set_segments([(share, tone)]), set_stale, clicked
marks      Bar(segments, height=6, width=0): set_share(share, tone), set_segments
           Sparkline(values, tone, height, width, limits): set_values · CoreStrip: set_loads
choices    SegmentedControl([Segment(key, text, icon="")], current, height, name): changed(key)
           Switch(checked, name) · Checkbox(text, checked) · Combo(items, height, name)
           Tabs(titles): currentChanged
fields     TextField(text, placeholder, mono, secret, height): set_invalid
           SearchField(placeholder, width=0, height=30): searched(text) · NumberField(min, max, v)
           FormField(label, field, hint="", check=callable → error text): validate, set_error
cells      NameCell, TextCell, SparkCell, BarCell, GpuCell, ChipCell, DeadCell, BlankCell; None = —
table      DataTable(model, [Column(width, right=False, stretch=False)], cell_of, row_height, name):
           opened(index), current_row_changed(row), menu_wanted(index, pos), make_sortable(section),
           make_columns_hideable(), select_row, selected_rows. Titles come from headerData,
           cells from cell_of(index) or the model's CELL_ROLE (delegate.py)
fleet      FleetGrid(): set_fleet([FleetGroup(name, meta, [FleetNode(name, state, loads, cpu)])]),
           set_level("auto" | "large" | "small"), set_outlined(names), info_of = name → HoverInfo,
           node_opened(name), selection_changed(names), menu_wanted(name, pos), level_changed(level)
           (values: fleet_layout.py, hover_card.py) · FleetLegend(): set_metric(label, low, high)
plot       Plot(name="", time_axis=False, y_from_zero=False, small=False, left_width=46):
           set_data([PlotLine], [PlotBand]), set_hidden(keys), set_events([PlotEvent]), set_limit,
           set_x_range, set_y_range, set_value_format(text_of), unit, zoomed, reset_zoom,
           hovered(x), zoom_changed(range); share_crosshair([plots]). Values: plot_values.py.
           PlotLegend([LegendEntry(key, name, tone, dashed)]): set_entries, hidden_changed(keys)
           (plot_legend.py). pyqtgraph and numpy are imported when the first plot has data
states     StatePanel(content): show_content, show_loading(text), show_empty(icon, title, text,
           button), show_filtered_empty(filter), show_error(title, text), set_stale(bool),
           action_pressed("empty" | "clear-filter" | "retry") · Banner(): show_banner(text, detail,
           tone, icon, button), pressed · Skeleton()
sheet      Sheet(title, subtitle="", width=560): content (layout), add_button(Button), first_focus,
           may_close(), close_sheet(), refit(), closed · SheetHost.open(sheet) (context.sheets)
confirm    ConfirmSheet(Question(title, loss, confirm, cancel, milder="", typed_name="")):
           confirmed, milder_chosen, cancelled
toasts     context.toasts.notify(title, text, kind), .offer_undo(title, text, undo),
           .offer(Notice(title, text, kind, action), callback)
spinner    Spinner(size=14, tone="acc")
progress   Progress(title, cancellable): set_state(step, fraction, seconds_left), cancelled
           InlineProgress(): set_state(text, fraction), clicked
=========  =====================================================================================
"""
