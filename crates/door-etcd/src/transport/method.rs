//! Every method of etcd's contract, by path.

/// How many messages travel which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One there, one back.
    Unary,
    /// One there, many back.
    ServerStream,
    /// Many both ways.
    BidiStream,
}

macro_rules! methods {
    ($($variant:ident $shape:ident $service:literal $name:literal;)*) => {
        /// A method.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Method {
            $($variant,)*
        }

        impl Method {
            /// All of them; each one's place is its number.
            pub(crate) fn all() -> &'static [Method] {
                &[$(Method::$variant,)*]
            }

            /// The method of a request's path.
            pub(crate) fn of_path(path: &str) -> Option<Method> {
                match path {
                    $(concat!("/", $service, "/", $name) => Some(Method::$variant),)*
                    _ => None,
                }
            }

            /// Its service, with its package.
            pub(crate) fn service(self) -> &'static str {
                match self {
                    $(Method::$variant => $service,)*
                }
            }

            /// Its name.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Method::$variant => $name,)*
                }
            }

            fn kind(self) -> Shape {
                match self {
                    $(Method::$variant => Shape::$shape,)*
                }
            }
        }
    };
}

methods! {
    Range Unary "etcdserverpb.KV" "Range";
    RangeStream ServerStream "etcdserverpb.KV" "RangeStream";
    Put Unary "etcdserverpb.KV" "Put";
    DeleteRange Unary "etcdserverpb.KV" "DeleteRange";
    Txn Unary "etcdserverpb.KV" "Txn";
    Compact Unary "etcdserverpb.KV" "Compact";
    Watch BidiStream "etcdserverpb.Watch" "Watch";
    LeaseGrant Unary "etcdserverpb.Lease" "LeaseGrant";
    LeaseRevoke Unary "etcdserverpb.Lease" "LeaseRevoke";
    LeaseKeepAlive BidiStream "etcdserverpb.Lease" "LeaseKeepAlive";
    LeaseTimeToLive Unary "etcdserverpb.Lease" "LeaseTimeToLive";
    LeaseLeases Unary "etcdserverpb.Lease" "LeaseLeases";
    MemberAdd Unary "etcdserverpb.Cluster" "MemberAdd";
    MemberRemove Unary "etcdserverpb.Cluster" "MemberRemove";
    MemberUpdate Unary "etcdserverpb.Cluster" "MemberUpdate";
    MemberList Unary "etcdserverpb.Cluster" "MemberList";
    MemberPromote Unary "etcdserverpb.Cluster" "MemberPromote";
    Alarm Unary "etcdserverpb.Maintenance" "Alarm";
    Status Unary "etcdserverpb.Maintenance" "Status";
    Defragment Unary "etcdserverpb.Maintenance" "Defragment";
    Hash Unary "etcdserverpb.Maintenance" "Hash";
    HashKv Unary "etcdserverpb.Maintenance" "HashKV";
    Snapshot ServerStream "etcdserverpb.Maintenance" "Snapshot";
    MoveLeader Unary "etcdserverpb.Maintenance" "MoveLeader";
    Downgrade Unary "etcdserverpb.Maintenance" "Downgrade";
    AuthEnable Unary "etcdserverpb.Auth" "AuthEnable";
    AuthDisable Unary "etcdserverpb.Auth" "AuthDisable";
    AuthStatus Unary "etcdserverpb.Auth" "AuthStatus";
    Authenticate Unary "etcdserverpb.Auth" "Authenticate";
    UserAdd Unary "etcdserverpb.Auth" "UserAdd";
    UserGet Unary "etcdserverpb.Auth" "UserGet";
    UserList Unary "etcdserverpb.Auth" "UserList";
    UserDelete Unary "etcdserverpb.Auth" "UserDelete";
    UserChangePassword Unary "etcdserverpb.Auth" "UserChangePassword";
    UserGrantRole Unary "etcdserverpb.Auth" "UserGrantRole";
    UserRevokeRole Unary "etcdserverpb.Auth" "UserRevokeRole";
    RoleAdd Unary "etcdserverpb.Auth" "RoleAdd";
    RoleGet Unary "etcdserverpb.Auth" "RoleGet";
    RoleList Unary "etcdserverpb.Auth" "RoleList";
    RoleDelete Unary "etcdserverpb.Auth" "RoleDelete";
    RoleGrantPermission Unary "etcdserverpb.Auth" "RoleGrantPermission";
    RoleRevokePermission Unary "etcdserverpb.Auth" "RoleRevokePermission";
    Lock Unary "v3lockpb.Lock" "Lock";
    Unlock Unary "v3lockpb.Lock" "Unlock";
    Campaign Unary "v3electionpb.Election" "Campaign";
    Proclaim Unary "v3electionpb.Election" "Proclaim";
    Leader Unary "v3electionpb.Election" "Leader";
    Observe ServerStream "v3electionpb.Election" "Observe";
    Resign Unary "v3electionpb.Election" "Resign";
    HealthCheck Unary "grpc.health.v1.Health" "Check";
    HealthWatch ServerStream "grpc.health.v1.Health" "Watch";
}

impl Method {
    /// etcd's word for its shape.
    pub(crate) fn shape(self) -> &'static str {
        match self.kind() {
            Shape::Unary => "unary",
            Shape::ServerStream => "server_stream",
            Shape::BidiStream => "bidi_stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 4] = [
        include_str!("../../proto/rpc.proto"),
        include_str!("../../proto/lock.proto"),
        include_str!("../../proto/election.proto"),
        include_str!("../../proto/health.proto"),
    ];

    /// `(path, shape)` of every method that a file declares.
    fn declared(file: &str) -> Vec<(String, Shape)> {
        let mut out = Vec::new();
        let (mut package, mut service) = ("", "");
        for line in file.lines() {
            let words: Vec<&str> = line.split([' ', '(', ')', ';']).filter(|word| !word.is_empty()).collect();
            match words[..] {
                ["package", name] => package = name,
                ["service", name, _] => service = name,
                ["rpc", name, _, "returns", _] => out.push((format!("/{package}.{service}/{name}"), Shape::Unary)),
                ["rpc", name, _, "returns", "stream", _] => {
                    out.push((format!("/{package}.{service}/{name}"), Shape::ServerStream));
                }
                ["rpc", name, "stream", _, "returns", "stream", _] => {
                    out.push((format!("/{package}.{service}/{name}"), Shape::BidiStream));
                }
                _ => {}
            }
        }
        out
    }

    #[test]
    fn every_declared_method_is_known_by_its_path_and_shape() {
        let declared: Vec<_> = FILES.iter().flat_map(|file| declared(file)).collect();
        assert_eq!(declared.len(), Method::all().len());
        for (path, shape) in declared {
            let method = Method::of_path(&path).unwrap_or_else(|| panic!("{path} is missing"));
            assert_eq!(method.kind(), shape, "{path}");
            assert_eq!(path, format!("/{}/{}", method.service(), method.name()));
        }
        for (number, method) in Method::all().iter().enumerate() {
            assert_eq!(*method as usize, number);
        }
        assert_eq!(Method::of_path("/etcdserverpb.KV/range"), None);
    }
}
