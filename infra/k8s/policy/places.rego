# What stands beside the pods.
package cpds

deny contains found("a database commits on two servers, and gives nobody its superuser", object) if {
	some object in input
	object.apiVersion == "postgresql.cnpg.io/v1"
	object.kind == "Cluster"
	not is_safe(object.spec)
}

is_safe(spec) if {
	spec.enableSuperuserAccess == false
	spec.postgresql.synchronous.dataDurability == "required"
	spec.instances > spec.postgresql.synchronous.number
}

# For trying out on one node.
is_safe(spec) if {
	spec.enableSuperuserAccess == false
	spec.instances == 1
	not spec.postgresql.synchronous
}

deny contains found("a door from outside has a certificate for each of its hosts", object) if {
	some object in input
	object.kind == "Ingress"
	hosts := {rule.host | some rule in object.spec.rules}
	secured := {host | some host in object.spec.tls[_].hosts; object.spec.tls[_].secretName}
	hosts != secured
}

deny contains found("only the hub's bus is reached past the doors", object) if {
	some object in input
	object.kind == "Service"
	object.spec.type in {"LoadBalancer", "NodePort"}
	object.metadata.name != "bus-outside"
}

# Components name 192.0.2.0/24 and `.invalid`, which lead nowhere, until an overlay says where things are.
deny contains found("an overlay leaves no placeholder", object) if {
	some object in input
	object.kind in {"NetworkPolicy", "Ingress", "Certificate"}
	some value
	walk(object.spec, [_, value])
	is_string(value)
	regex.match(`^192\.0\.2\.0/24$|\.invalid$`, value)
}

deny contains found("a certificate is renewed a week before it ends at the latest", object) if {
	some object in input
	object.kind == "Certificate"
	hours(object.spec.renewBefore) < 168
}

deny contains found("a certificate is renewed a week before it ends at the latest", object) if {
	some object in input
	object.kind == "Certificate"
	not object.spec.renewBefore
}

hours(text) := to_number(trim_suffix(text, "h"))

deny contains found("a vault's secret outlives a vault that is away", object) if {
	some object in input
	object.kind == "ExternalSecret"
	not object.spec.target.deletionPolicy == "Retain"
}
