package pulumiapi

// StackPermission is what somebody may do with a stack.
type StackPermission int

// The permissions for stacks.
const (
	StackPermissionNone    StackPermission = 0
	StackPermissionRead    StackPermission = 101
	StackPermissionEdit    StackPermission = 102
	StackPermissionAdmin   StackPermission = 103
	StackPermissionCreator StackPermission = 104
)

// EnvironmentPermission is what somebody may do with a Pulumi ESC environment.
type EnvironmentPermission string

// The permissions for environments.
const (
	EnvironmentPermissionNone  EnvironmentPermission = "none"
	EnvironmentPermissionRead  EnvironmentPermission = "read"
	EnvironmentPermissionOpen  EnvironmentPermission = "open"
	EnvironmentPermissionWrite EnvironmentPermission = "write"
	EnvironmentPermissionAdmin EnvironmentPermission = "admin"
)

// AccountPermission is what somebody may do with an Insights account.
type AccountPermission int

// The permissions for Insights accounts.
const (
	AccountPermissionNone  AccountPermission = 0
	AccountPermissionRead  AccountPermission = 1
	AccountPermissionWrite AccountPermission = 2
	AccountPermissionAdmin AccountPermission = 3
)
