from ghar.accounts import views
from ghar.api.routers import endpoint

urlpatterns = [
    endpoint("auth/signup", views.SignupView.as_view(), "signup"),
    endpoint("auth/login", views.LoginView.as_view(), "login"),
    endpoint("auth/logout", views.LogoutView.as_view(), "logout"),
    endpoint("auth/logout-all", views.LogoutAllView.as_view(), "logout-all"),
    endpoint("auth/password", views.PasswordView.as_view(), "password"),
    endpoint("users/me", views.ProfileView.as_view(), "me"),
    endpoint("users/profile", views.ProfileView.as_view(), "profile"),
]
