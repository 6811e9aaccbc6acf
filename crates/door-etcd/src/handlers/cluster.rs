//! Who belongs to the cluster.

use base::Result;

use super::Context;
use crate::pb;

/// The members. The URLs are known for this member alone.
///
/// # Errors
/// `Unavailable` while there is no leader, if a linearizable answer is asked for.
pub async fn member_list(context: &Context, request: pb::MemberListRequest) -> Result<pb::MemberListResponse> {
    if request.linearizable {
        context.keyspace.barrier().await?;
    }
    let status = context.node.status();
    let members = status.members.into_iter().map(|member| {
        let own = member.id == status.node_id;
        let urls = |urls: &Vec<String>| if own { urls.clone() } else { Vec::new() };
        pb::Member {
            id: member.id,
            name: member.name,
            peer_ur_ls: urls(&context.options.peer_urls),
            client_ur_ls: urls(&context.options.client_urls),
            is_learner: false,
        }
    });
    // etcd leaves the revision out here.
    Ok(pb::MemberListResponse { header: Some(context.header_at(0)), members: members.collect() })
}
