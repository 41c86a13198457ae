package pulumiapi

// UserInfo is a user as others see them.
type UserInfo struct {
	// Name is the name to show.
	Name string `json:"name"`
	// GitHubLogin is the login, whether it is one of GitHub or not.
	GitHubLogin string `json:"githubLogin"`
	AvatarURL   string `json:"avatarUrl"`
	// Email is only filled in by a few operations.
	Email string `json:"email"`
}
