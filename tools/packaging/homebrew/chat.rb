class Chat < Formula
  desc "@SUMMARY@"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "@ADDRESS@/chat-@VERSION@-darwin-arm64.tar.gz"
      sha256 "@SHA256:darwin-arm64.tar.gz@"
    end
    on_intel do
      url "@ADDRESS@/chat-@VERSION@-darwin-x64.tar.gz"
      sha256 "@SHA256:darwin-x64.tar.gz@"
    end
  end
  on_linux do
    on_arm do
      url "@ADDRESS@/chat-@VERSION@-linux-arm64.tar.gz"
      sha256 "@SHA256:linux-arm64.tar.gz@"
    end
    on_intel do
      url "@ADDRESS@/chat-@VERSION@-linux-x64-baseline.tar.gz"
      sha256 "@SHA256:linux-x64-baseline.tar.gz@"
    end
  end

  def install
    bin.install "chat"
    # macOS has another chat in /usr/sbin.
    bin.install_symlink "chat" => "lanchat"
    doc.install "guides"
    man1.install Dir["man/man1/*"]
    bash_completion.install "completions/chat.bash" => "chat"
    zsh_completion.install "completions/_chat"
    fish_completion.install "completions/chat.fish"
  end

  service do
    run [opt_bin/"chat", "serve", "--data", var/"chat", "--quiet"]
    keep_alive successful_exit: false
    working_dir var
    log_path var/"log/chat.log"
    error_log_path var/"log/chat.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/chat --version")
  end
end
