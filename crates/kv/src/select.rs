//! Which keys a range answers: filters and order first, then the limit. Values come later.

use bytes::Bytes;

use crate::{
    index::Meta,
    request::{KeyValue, RangeReply, RangeRequest, SortOrder, SortTarget},
    state::{Item, State},
};

/// The keys of an answer, without values.
#[derive(Debug, Default)]
pub(crate) struct Selected {
    pub(crate) items: Vec<Item>,
    pub(crate) count: usize,
    pub(crate) more: bool,
}

/// Whether the limit cuts before anything else, in key order. As in etcd that is so for every sort target if no order is named.
pub(crate) fn is_cut_first(request: &RangeRequest) -> bool {
    let in_order = request.sort_order == SortOrder::Ascend && request.sort_target == SortTarget::Key;
    (in_order || request.sort_order == SortOrder::None) && !has_filters(request)
}

/// Whether the answer comes in key order, so that it can be given in parts as it is read.
pub(crate) fn is_in_key_order(request: &RangeRequest) -> bool {
    request.sort_target == SortTarget::Key && request.sort_order != SortOrder::Descend
}

/// How many keys have to be looked at, in key order: one more than the limit tells whether there are more.
pub(crate) fn wanted(request: &RangeRequest) -> usize {
    if is_cut_first(request) { limit_of(request).saturating_add(1) } else { usize::MAX }
}

fn is_backward(request: &RangeRequest) -> bool {
    request.sort_order == SortOrder::Descend && request.sort_target == SortTarget::Key && !has_filters(request)
}

/// Whether values decide the order, so that they have to be read before the limit cuts.
pub(crate) fn is_by_value(request: &RangeRequest) -> bool {
    request.sort_target == SortTarget::Value && !request.count_only
}

pub(crate) fn has_filters(request: &RangeRequest) -> bool {
    request.min_mod_revision != 0
        || request.max_mod_revision != 0
        || request.min_create_revision != 0
        || request.max_create_revision != 0
}

/// Whether the answer has values. Without them etcd leaves the lease out, too, unless values decide the order.
pub(crate) fn has_leases(request: &RangeRequest) -> bool {
    !request.keys_only || request.sort_target == SortTarget::Value
}

pub(crate) fn limit_of(request: &RangeRequest) -> usize {
    if request.limit <= 0 { usize::MAX } else { usize::try_from(request.limit).unwrap_or(usize::MAX) }
}

/// How many keys answering `request` at the latest revision looks at.
pub(crate) fn cost(state: &State, request: &RangeRequest) -> u64 {
    if request.count_only {
        return 0;
    }
    let count = state.count(&request.span);
    let looked_at = if is_backward(request) { count.min(limit_of(request)) } else { count.min(wanted(request)) };
    looked_at as u64
}

/// Selects at the latest revision.
pub(crate) fn select(state: &State, request: &RangeRequest) -> Selected {
    if request.count_only {
        return Selected { count: state.count(&request.span), ..Selected::default() };
    }
    if crate::state::is_one_key(&request.span) {
        let items = state.items_of(&request.span);
        let count = items.len();
        return arrange(request, items, count);
    }
    let ranks = state.ranks(&request.span);
    let (count, limit) = (ranks.len(), limit_of(request));
    if is_backward(request) {
        let mut items = state.items(ranks.end - count.min(limit)..ranks.end);
        items.reverse();
        return Selected { items, count, more: count > limit };
    }
    arrange(request, state.items(ranks.start..ranks.start + count.min(wanted(request))), count)
}

/// Filters, orders and limits all keys of a span. When values decide the order, that and the limit are left to
/// [`finish_by_value`].
pub(crate) fn arrange(request: &RangeRequest, mut items: Vec<Item>, count: usize) -> Selected {
    if has_filters(request) {
        items.retain(|(_, meta)| passes(request, meta));
    }
    if is_by_value(request) {
        return Selected { items, count, more: false };
    }
    let descend = request.sort_order == SortOrder::Descend;
    let by = |number: fn(&Meta) -> i64| {
        move |a: &Item, b: &Item| {
            let ascending = number(&a.1).cmp(&number(&b.1));
            if descend { ascending.reverse() } else { ascending }
        }
    };
    match request.sort_target {
        SortTarget::Key if descend => items.reverse(),
        SortTarget::Key | SortTarget::Value => {}
        SortTarget::Version => items.sort_by(by(|meta| meta.version)),
        SortTarget::Create => items.sort_by(by(|meta| meta.create)),
        SortTarget::Mod => items.sort_by(by(|meta| meta.main)),
    }
    let more = items.len() > limit_of(request);
    items.truncate(limit_of(request));
    Selected { items, count, more }
}

pub(crate) fn passes(request: &RangeRequest, meta: &Meta) -> bool {
    let within = |number: i64, least: i64, most: i64| (least == 0 || number >= least) && (most == 0 || number <= most);
    within(meta.main, request.min_mod_revision, request.max_mod_revision)
        && within(meta.create, request.min_create_revision, request.max_create_revision)
}

/// Orders by value, limits, and leaves values out if none are asked for.
pub(crate) fn finish_by_value(request: &RangeRequest, reply: &mut RangeReply) {
    match request.sort_order {
        SortOrder::Descend => reply.kvs.sort_by(|a, b| b.value.cmp(&a.value)),
        SortOrder::None | SortOrder::Ascend => reply.kvs.sort_by(|a, b| a.value.cmp(&b.value)),
    }
    reply.more = reply.kvs.len() > limit_of(request);
    reply.kvs.truncate(limit_of(request));
    if request.keys_only {
        reply.kvs.iter_mut().for_each(|kv| kv.value = Bytes::new());
    }
}

/// Whether the values of a selection have to be read.
pub(crate) fn needs_values(request: &RangeRequest) -> bool {
    !request.keys_only || is_by_value(request)
}

pub(crate) fn key_value(key: Bytes, meta: &Meta, value: Bytes) -> KeyValue {
    KeyValue { key, create_revision: meta.create, mod_revision: meta.main, version: meta.version, value, lease: meta.lease }
}
